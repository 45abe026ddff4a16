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

/** What the page says of an error. The error's own message goes with it, as the details. */
export function errorText({ code, missingBytes }: Pick<KinoraError, 'code' | 'missingBytes'>): ErrorText {
  const text = errorTexts[code];
  if (missingBytes === undefined) return text;
  return { ...text, meaning: `${diskText(missingBytes)} of the model are still to be stored. ${text.meaning}` };
}

/** What is said of all errors of a code. */
export const errorTexts: Record<ErrorCode, ErrorText> = {
  'invalid-argument': {
    title: 'A setting does not fit this model',
    meaning: 'The model cannot work with one of the values; the details name it.',
    remedy: 'Change that value, or go back to the recommended settings.',
  },
  'unsupported-config': {
    title: 'This model needs something that Kinora does not have yet',
    meaning: 'Its configuration asks for a part that is not built here. Nothing is wrong with your device.',
    remedy: 'Choose another model.',
  },
  'invalid-checkpoint': {
    title: 'This is not a text-to-video model that Kinora can read',
    meaning: 'A file of it is malformed, or it belongs to another kind of model.',
    remedy: 'Check the address of the model. If this is the model that came with the page, tell whoever hosts it.',
  },
  'not-found': {
    title: 'A file of the model is missing on its server',
    meaning: 'The server answered, but does not have the file.',
    remedy: 'Check the address of the model. If this is the model that came with the page, tell whoever hosts it.',
  },
  'access-denied': {
    title: 'The server of the model wants to know who you are',
    meaning: 'It gives the model only to those who have signed in, or accepted conditions on the page of the model.',
    remedy: 'Accept the conditions there, then enter your access token under Models, or choose another model.',
  },
  http: {
    title: 'The server of the model refused',
    meaning: 'It answered with an error. It may be overloaded, or want you to sign in.',
    remedy: 'Try again in a moment. What was downloaded so far is kept.',
  },
  network: {
    title: 'The model could not be downloaded',
    meaning: 'There was no answer: the connection or the server is down, or the server does not allow this page.',
    remedy: 'Check the connection and press Generate again. What was downloaded so far is kept.',
  },
  'html-answer': {
    title: 'The server sent a web page instead of the model',
    meaning: 'There may be no model at this address, or the network shows its sign-in page first.',
    remedy: 'Check the address of the model, and open any website to see whether the network wants you to sign in.',
  },
  'range-unsupported': {
    title: 'The server cannot send parts of a file',
    meaning:
      'Models are downloaded in pieces, so that an interruption costs little; this server sends whole files only.',
    remedy: 'Use a copy of the model on another server.',
  },
  truncated: {
    title: 'The download of the model broke off',
    meaning: 'A file arrived shorter than announced. Nothing of the incomplete part is used.',
    remedy: 'Press Generate again. If it happens every time, the file on the server is damaged.',
  },
  corrupt: {
    title: 'A file of the model is damaged',
    meaning: 'It is not what its size or its checksum says. Nothing of it is used.',
    remedy: 'Press Generate again to fetch it anew. If it happens every time, the file on the server is damaged.',
  },
  changed: {
    title: 'The model was replaced while it was being downloaded',
    meaning:
      'Its authors have put another version in its place, more than once. Parts of different versions are never mixed.',
    remedy: 'Try again in a while: the download then starts with the new version.',
  },
  'local-file': {
    title: 'A file of the folder cannot be used',
    meaning: 'It is missing or not whole, or it was changed or moved since the folder was chosen.',
    remedy: 'Check the folder, then choose it again.',
  },
  quota: {
    title: 'The browser has no room for the model',
    meaning: 'Models are kept in the browser, and it refused to keep more. A private window allows least.',
    remedy:
      'Free some disk space, or delete models that you do not need, then try again: what is here already is kept.',
  },
  storage: {
    title: 'The browser could not store the model, or not read it back',
    meaning:
      'That happens in private windows, on full disks, when site data is blocked, and when a program that tidies up has deleted files of the browser.',
    remedy:
      'Allow this site to store data, reload the page and try again. If a model was here already: Check, under Models, finds what of it is damaged; downloading it, or copying its folder, again brings that back.',
  },
  'newer-storage': {
    title: 'A newer version of Kinora has stored models here',
    meaning: 'This page is an older version, and cannot read what that one has stored. Nothing of it is lost.',
    remedy:
      'Close the other tabs with Kinora and reload. If this comes again, open start-over.html beside this page: it fetches the newest page, and keeps models and settings. If the site itself has gone back to an older version, its models cannot be used before it is updated again; to make room for new ones, clear the data of this site in the browser.',
  },
  'no-webgpu': {
    title: 'There is no WebGPU here',
    meaning: 'The GPU was asked for, but this browser offers none.',
    remedy: 'Leave the device to the page (remove “device” from the address), or use another browser.',
  },
  'device-limits': {
    title: 'This device cannot hold what was asked for',
    meaning: 'Its limits are below what the model needs at this size or precision.',
    remedy: 'Try fewer frames, a smaller size, or leave the precision to the page.',
  },
  'out-of-memory': {
    title: 'The memory was not enough',
    meaning: 'The video was too much for this device, or for what other tabs left of it.',
    remedy: 'Close other tabs, or try fewer frames or a smaller size. The next try starts afresh.',
  },
  'device-lost': {
    title: 'The GPU went away',
    meaning: 'Its driver was reset, or the computer slept. Videos that are finished are not affected.',
    remedy: 'Press Generate again. If it happens every time, try a smaller size or restart the browser.',
  },
  numerics: {
    title: 'The computation went wrong',
    meaning: 'There were numbers that are no numbers, often from half precision on this GPU.',
    remedy: 'Try another seed or a lower guidance, or add ?dtype=float32 to the address.',
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
    meaning: 'The frames were made, but this browser has no encoder that takes them.',
    remedy: 'Try another size or another browser; current Chrome, Edge, Firefox and Safari have one.',
  },
  'worker-died': {
    title: 'The background worker stopped',
    meaning: 'The browser ended the part of the page that does the work, most often because memory ran out.',
    remedy:
      'Press Generate again: a new worker takes over. If it happens every time, reload the page or close other tabs.',
  },
  'part-not-loaded': {
    title: 'A part of the page could not be loaded',
    meaning:
      'The connection is down, something else came in its place, or Kinora was updated on its server since this page was opened.',
    remedy: 'Check the connection and try again. If that does not help, download your videos and reload the page.',
  },
  internal: {
    title: 'Something failed that should not',
    meaning: 'This is a fault of Kinora or of the browser, not yours.',
    remedy: 'Try again. If it happens every time, please report it with the details below.',
  },
};
