import { Component, type ReactNode } from 'react';

interface ErrorBoundaryProps {
  /** Shown instead of the children once one of them has thrown. */
  fallback: (thrown: unknown) => ReactNode;
  children: ReactNode;
}

interface ErrorBoundaryState {
  /** An object, because anything can be thrown, even undefined. */
  failure: { thrown: unknown } | undefined;
}

/** Without a boundary, React removes the whole page when a component throws. */
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
