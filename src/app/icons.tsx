/** Kinora's own icons: 24 units wide, drawn in the colour of the surrounding text. All are decorative. */
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
      <path d="M6.5 20 3 8.5l7-2z" opacity="0.45" />
      <path d="M6.5 20 7.5 6h7z" opacity="0.7" />
      <path d="M6.5 20 12.5 6.5l7.5 3.5z" fill="currentColor" />
    </Icon>
  );
}

export function DiceIcon() {
  return (
    <Icon>
      <rect x="4" y="4" width="16" height="16" rx="3.5" />
      <path d="M8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01" strokeWidth="2.6" />
    </Icon>
  );
}

export function PlayIcon() {
  return (
    <Icon>
      <path d="M8 5.5v13l10.5-6.5z" fill="currentColor" />
    </Icon>
  );
}

export function StopIcon() {
  return (
    <Icon>
      <rect x="6.5" y="6.5" width="11" height="11" rx="1.5" fill="currentColor" />
    </Icon>
  );
}

export function DownloadIcon() {
  return (
    <Icon>
      <path d="M12 4v11M7.5 10.8 12 15.3l4.5-4.5M5 20h14" />
    </Icon>
  );
}

export function ReuseIcon() {
  return (
    <Icon>
      <path d="M5 12a7 7 0 0 1 12-4.9L19 9M19 4.5V9h-4.5M19 12a7 7 0 0 1-12 4.9L5 15M5 19.5V15h4.5" />
    </Icon>
  );
}

export function ChipIcon() {
  return (
    <Icon>
      <rect x="7" y="7" width="10" height="10" rx="1.5" />
      <path d="M10 7V4M14 7V4M10 20v-3M14 20v-3M7 10H4M7 14H4M20 10h-3M20 14h-3" />
    </Icon>
  );
}

export function WarningIcon() {
  return (
    <Icon>
      <path d="M12 4.5 21 19.5H3zM12 10v4.2M12 17h.01" />
    </Icon>
  );
}

export function CheckIcon() {
  return (
    <Icon>
      <path d="m5 12.5 4.5 4.5L19 7.5" strokeWidth="2.4" />
    </Icon>
  );
}

export function CrossIcon() {
  return (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" strokeWidth="2.4" />
    </Icon>
  );
}

export function InfoIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 11.5v4.5M12 8h.01" />
    </Icon>
  );
}
