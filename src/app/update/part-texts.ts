import type { PartState } from '../../state/parts';

/** What the page says about a part that could not be loaded. */
export const partTexts: Readonly<Record<PartState, string>> = {
  closed: '',
  open: '',
  unreachable: 'This part of the page could not be downloaded. Check the connection and try again.',
  gone: 'This part of the page could not be downloaded, although the server answers. Try again; if Kinora was updated after you opened this tab, download your videos and reload the page.',
};
