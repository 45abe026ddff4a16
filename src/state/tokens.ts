/** How many tokens the prompt has, which only a loaded model can tell. */
import { create } from 'zustand';

interface TokenCount {
  /** The text that was counted, and its tokens with start and end marks. */
  counted: { text: string; tokens: number } | undefined;
}

export const useTokenCount = create<TokenCount>(() => ({ counted: undefined }));

/** Of `text`; undefined until it is known. */
export function tokensOf({ counted }: TokenCount, text: string): number | undefined {
  return counted?.text === text ? counted.tokens : undefined;
}
