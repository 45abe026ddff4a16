/** Kinora's own icons: 24 units wide, drawn in the colour of the text around them. All are decoration. */
import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

/** A fan of cards, as in the flip-book viewer that the project is named after. */
export function LogoIcon() {
  return (
    <Icon>
      <path d="M6.500 20 3 8.500l7-2z" opacity="0.45" />
      <path d="M6.500 20 7.500 6h7z" opacity="0.7" />
      <path d="M6.500 20 12.500 6.500l7.500 3.500z" fill="currentColor" />
    </Icon>
  );
}

export function DiceIcon() {
  return (
    <Icon>
      <rect x="4" y="4" width="16" height="16" rx="3.500" />
      <path d="M8.500 8.500h.01M15.500 8.500h.01M12 12h.01M8.500 15.500h.01M15.500 15.500h.01" strokeWidth="2.600" />
    </Icon>
  );
}

export function PlayIcon() {
  return (
    <Icon>
      <path d="M8 5.500v13l10.500-6.500z" fill="currentColor" />
    </Icon>
  );
}

export function StopIcon() {
  return (
    <Icon>
      <rect x="6.500" y="6.500" width="11" height="11" rx="1.500" fill="currentColor" />
    </Icon>
  );
}

export function DownloadIcon() {
  return (
    <Icon>
      <path d="M12 4v11M7.500 10.800 12 15.300l4.500-4.500M5 20h14" />
    </Icon>
  );
}

export function ReuseIcon() {
  return (
    <Icon>
      <path d="M5 12a7 7 0 0 1 12-4.900L19 9M19 4.500V9h-4.500M19 12a7 7 0 0 1-12 4.900L5 15M5 19.500V15h4.500" />
    </Icon>
  );
}

export function ChipIcon() {
  return (
    <Icon>
      <rect x="7" y="7" width="10" height="10" rx="1.500" />
      <path d="M10 7V4M14 7V4M10 20v-3M14 20v-3M7 10H4M7 14H4M20 10h-3M20 14h-3" />
    </Icon>
  );
}

export function WarningIcon() {
  return (
    <Icon>
      <path d="M12 4.500 21 19.500H3zM12 10v4.200M12 17h.01" />
    </Icon>
  );
}
