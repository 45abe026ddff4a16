/** The videos of this visit, newest first. Files and their object URLs are kept beside the store. */
import { create } from 'zustand';
import type { ParameterValues } from '../engine/parameters';
import type { Backend } from '../protocol';

export interface Result {
  id: string;
  request: ParameterValues;
  backend: Backend;
  codec: string;
  /** Bytes of the file. */
  bytes: number;
  /** Milliseconds from the first step to the finished file, without loading the model. */
  milliseconds: number;
  /** How many tokens too long the prompt was. */
  truncatedTokens: number;
  fileName: string;
  /** Whether it has been downloaded. */
  saved: boolean;
}

interface ResultsState {
  results: readonly Result[];
  selectedId: string | undefined;
}

/** More would only fill memory: the next video replaces the oldest. */
export const maxResults = 30;

const urls = new Map<string, string>();

export const useResults = create<ResultsState>(() => ({ results: [], selectedId: undefined }));

export function addResult(made: Omit<Result, 'saved'>, file: Blob): void {
  const result = { ...made, saved: false };
  urls.set(result.id, URL.createObjectURL(file));
  const results = [result, ...useResults.getState().results];
  for (const { id } of results.splice(maxResults)) {
    URL.revokeObjectURL(urls.get(id) ?? '');
    urls.delete(id);
  }
  useResults.setState({ results, selectedId: result.id });
}

/** Object URL of the result's file. */
export function resultUrl(id: string): string | undefined {
  return urls.get(id);
}

export function markSaved(id: string): void {
  const results = useResults
    .getState()
    .results.map((result) => (result.id === id ? { ...result, saved: true } : result));
  useResults.setState({ results });
}

export function selectResult(id: string): void {
  useResults.setState({ selectedId: id });
}

/** File name of a download: "kinora-a-red-circle-moving-right-on-a-blue-seed-42.mp4". */
export function videoFileName({ prompt, seed }: Pick<ParameterValues, 'prompt' | 'seed'>): string {
  const words = prompt
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const short = words.length <= 50 ? words : words.slice(0, 50).replace(/-[^-]*$/, '');
  return ['kinora', short, 'seed', seed]
    .filter((part) => part !== '')
    .join('-')
    .concat('.mp4');
}
