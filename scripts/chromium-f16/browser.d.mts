export function chromiumF16(): { path: string } | { reason: string };
