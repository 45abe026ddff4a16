/** Number of tokens in the prompt, which only a loaded model can count. */
import { create } from 'zustand';

interface TokenCount {
  /** The last counted text, and its tokens including start and end marks. */
  counted: { text: string; tokens: number } | undefined;
}

export const useTokenCount = create<TokenCount>(() => ({ counted: undefined }));

/** Number of tokens in `text`; undefined until known. */
export function tokensOf({ counted }: TokenCount, text: string): number | undefined {
  return counted?.text === text ? counted.tokens : undefined;
}
