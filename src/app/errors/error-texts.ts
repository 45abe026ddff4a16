import type { ErrorCode, KinoraError } from '../../shared/errors';
import { diskText } from '../models/amounts';

export interface ErrorText {
  /** What happened. */
  title: string;
  /** What it means. */
  meaning: string;
  /** What to do. */
  remedy: string;
}

/** The page's text for an error. The error's own message is shown as the details. */
export function errorText({ code, missingBytes }: Pick<KinoraError, 'code' | 'missingBytes'>): ErrorText {
  const text = errorTexts[code];
  if (missingBytes === undefined) return text;
  return { ...text, meaning: `${diskText(missingBytes)} of the model are still to be stored. ${text.meaning}` };
}

/** The texts by error code. */
export const errorTexts: Record<ErrorCode, ErrorText> = {
  'invalid-argument': {
    title: 'A setting does not fit this model',
    meaning: 'The model cannot work with one of the values; the details say which.',
    remedy: 'Change that value, or go back to the recommended settings.',
  },
  'unsupported-config': {
    title: 'Kinora does not support this model yet',
    meaning: 'Its configuration asks for something that Kinora does not implement. Nothing is wrong with your device.',
    remedy: 'Choose another model.',
  },
  'invalid-checkpoint': {
    title: 'This is not a text-to-video model that Kinora can read',
    meaning: 'One of its files is malformed, or belongs to another kind of model.',
    remedy: 'Check the address of the model. If the model came with this page, tell the site’s owner.',
  },
  'not-found': {
    title: 'A file of the model is missing on its server',
    meaning: 'The server answered, but does not have the file.',
    remedy: 'Check the address of the model. If the model came with this page, tell the site’s owner.',
  },
  'access-denied': {
    title: 'This model needs a sign-in',
    meaning: 'Its server requires you to sign in, or to accept conditions on the model’s page.',
    remedy: 'Accept the conditions there, then enter your access token under Models, or choose another model.',
  },
  http: {
    title: 'The model’s server refused the request',
    meaning: 'It answered with an error. It may be overloaded, or require you to sign in.',
    remedy: 'Try again in a moment. What was downloaded so far is kept.',
  },
  network: {
    title: 'The model could not be downloaded',
    meaning: 'There was no answer: the connection or the server is down, or the server does not allow this page.',
    remedy: 'Check the connection and try again. What was downloaded so far is kept.',
  },
  'html-answer': {
    title: 'The server sent a web page instead of the model',
    meaning: 'There may be no model at this address, or the network shows its sign-in page first.',
    remedy: 'Check the address of the model, and open any website to see whether the network asks you to sign in.',
  },
  'range-unsupported': {
    title: 'The server cannot send parts of a file',
    meaning:
      'Models are downloaded in pieces, so that an interruption costs little; this server sends only whole files.',
    remedy: 'Use a copy of the model on another server.',
  },
  truncated: {
    title: 'The download was cut short',
    meaning: 'A file arrived shorter than announced. The incomplete part is not used.',
    remedy: 'Try again. If it keeps happening, the file on the server is damaged.',
  },
  corrupt: {
    title: 'A file of the model is damaged',
    meaning: 'Its size or its checksum is wrong, so it is not used.',
    remedy: 'Try again to download it afresh. If it keeps happening, the file on the server is damaged.',
  },
  changed: {
    title: 'The model was replaced while it was being downloaded',
    meaning:
      'Its authors have replaced it with another version, more than once. Parts of different versions are never mixed.',
    remedy: 'Try again later: the download then starts with the new version.',
  },
  'local-file': {
    title: 'A file in the folder cannot be used',
    meaning: 'It is missing or incomplete, or it was changed or moved after you chose the folder.',
    remedy: 'Check the folder, then choose it again.',
  },
  quota: {
    title: 'The browser has no room for the model',
    meaning: 'Models are stored in the browser, and it refused to store more. Private windows allow the least.',
    remedy:
      'Free some disk space, or delete models that you do not need, then try again. What is already stored is kept.',
  },
  storage: {
    title: 'The browser could not store the model or read it back',
    meaning:
      'This happens in private windows, on full disks, when site data is blocked, and when a cleanup program has deleted the browser’s files.',
    remedy:
      'Allow this site to store data, reload the page and try again. If the model was already stored: Check, under Models, finds what is damaged; downloading it or copying its folder again repairs it.',
  },
  'newer-storage': {
    title: 'A newer version of Kinora has stored models here',
    meaning: 'This page is an older version and cannot read what the newer one stored. Nothing is lost.',
    remedy:
      'Close the other Kinora tabs and reload. If this happens again, open start-over.html beside this page: it loads the newest page and keeps models and settings. If the site itself has gone back to an older version, its models cannot be used until it is updated again; to make room for new ones, clear this site’s data in the browser.',
  },
  'no-webgpu': {
    title: 'WebGPU is not available here',
    meaning: 'The GPU was requested, but this browser offers none.',
    remedy: 'Let the page choose the device (remove “device” from the address), or use another browser.',
  },
  'device-limits': {
    title: 'This device cannot do what was requested',
    meaning: 'Its limits are below what the model needs at this size or precision.',
    remedy: 'Try fewer frames or a smaller size, or let the page choose the precision.',
  },
  'out-of-memory': {
    title: 'Not enough memory',
    meaning: 'The video needs more memory than this device has, or than other tabs leave free.',
    remedy: 'Close other tabs, or try fewer frames or a smaller size. The next try starts afresh.',
  },
  'device-lost': {
    title: 'The GPU stopped responding',
    meaning: 'Its driver was reset, or the computer went to sleep. Finished videos are not affected.',
    remedy: 'Press Generate again. If it keeps happening, try a smaller size or restart the browser.',
  },
  numerics: {
    title: 'The computation went wrong',
    meaning: 'The model produced invalid numbers (NaN), often because of half precision on this GPU.',
    remedy: 'Try another seed or lower guidance, or add ?dtype=float32 to the address.',
  },
  cancelled: {
    title: 'Cancelled',
    meaning: 'The video was stopped before it was finished.',
    remedy: 'Press Generate to start over.',
  },
  busy: {
    title: 'A video is already being made',
    meaning: 'Only one can be made at a time.',
    remedy: 'Wait for it, or cancel it.',
  },
  encoder: {
    title: 'The video file could not be written',
    meaning: 'The frames are finished, but this browser has no encoder for them.',
    remedy: 'Try another size or another browser; current Chrome, Edge, Firefox and Safari have one.',
  },
  'worker-died': {
    title: 'The background worker stopped',
    meaning: 'The browser ended the part of the page that does the work, usually because memory ran out.',
    remedy:
      'Press Generate again: a new worker takes over. If it keeps happening, reload the page or close other tabs.',
  },
  'part-not-loaded': {
    title: 'A part of the page could not be loaded',
    meaning:
      'The connection is down, something else arrived in its place, or Kinora was updated on its server after you opened this page.',
    remedy: 'Check the connection and try again. If that does not help, download your videos and reload the page.',
  },
  internal: {
    title: 'Something unexpected went wrong',
    meaning: 'This is a fault in Kinora or in the browser, not yours.',
    remedy: 'Try again. If it keeps happening, please report it with the details below.',
  },
};
