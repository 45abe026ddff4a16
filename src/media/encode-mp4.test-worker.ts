/** Encodes what it is sent, for the test that does it off the page. */
import { type EncodeOptions, encodeMp4 } from './index';

addEventListener('message', async ({ data }: MessageEvent<EncodeOptions>) => postMessage(await encodeMp4(data)));
