import type { TestProject } from 'vitest/node';
import { startFileServer } from './file-server';

/** Starts the file server for a whole run of tests, and tells them where it is. */
export default async function setup(project: TestProject): Promise<() => void> {
  const { url, stop } = await startFileServer();
  project.provide('fileServer', url);
  return stop;
}
