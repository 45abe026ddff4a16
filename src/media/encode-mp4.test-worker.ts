/** Encodes the frames it is sent, for the test outside the page. */
import { type EncodeOptions, encodeMp4 } from './index';

addEventListener('message', async ({ data }: MessageEvent<EncodeOptions>) => postMessage(await encodeMp4(data)));
