import type { Example } from '../../catalogue/models';

const outlines = {
  circle: <circle cx="12" cy="12" r="6" />,
  square: <rect x="6.5" y="6.5" width="11" height="11" />,
  triangle: <path d="M12 5.5 18.5 17h-13z" />,
  star: <path d="m12 4.5 2.2 5 5.4.5-4.1 3.6 1.3 5.4-4.8-2.9-4.8 2.9 1.3-5.4-4.1-3.6 5.4-.5z" />,
};

/** A shape on its background, like the first frame of the example's video. */
export function ExamplePicture({ shape, colour, background }: NonNullable<Example['picture']>) {
  return (
    <svg className="example-picture" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" fill={background} />
      <g fill={colour}>{outlines[shape]}</g>
    </svg>
  );
}
