import { Component, type ReactNode } from 'react';

interface ErrorBoundaryProps {
  /** What is shown instead of the children, once one of them has thrown. */
  fallback: (thrown: unknown) => ReactNode;
  children: ReactNode;
}

interface ErrorBoundaryState {
  /** Anything can be thrown, undefined too. */
  failure: { thrown: unknown } | undefined;
}

/** Without one, React takes the whole page away when a component throws. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { failure: undefined };

  static getDerivedStateFromError(thrown: unknown): ErrorBoundaryState {
    return { failure: { thrown } };
  }

  override render() {
    const { failure } = this.state;
    return failure ? this.props.fallback(failure.thrown) : this.props.children;
  }
}
