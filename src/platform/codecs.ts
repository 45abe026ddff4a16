/** Which encoders to try for a video, best first. */

/** The codecs that go into an mp4, by mp4-muxer's names. */
export type Mp4Codec = 'avc' | 'vp9' | 'av1';

export interface Candidate {
  codec: Mp4Codec;
  config: VideoEncoderConfig;
}

/** Size, speed and data rate of a video; a level must allow all three. */
interface Load {
  width: number;
  height: number;
  fps: number;
  /** Bits per second. */
  bitrate: number;
}

/**
 * H.264 levels: level_idc, macroblocks per frame and per second, bits per second in the Baseline and Main profiles. Source: ITU-T
 * H.264, table A-1; the High profile may take 1.25 times the bits, which is kept as a margin.
 */
const avcLevels = [
  [0x0a, 99, 1485, 64_000],
  [0x0b, 396, 3000, 192_000],
  [0x0c, 396, 6000, 384_000],
  [0x0d, 396, 11_880, 768_000],
  [0x14, 396, 11_880, 2_000_000],
  [0x15, 792, 19_800, 4_000_000],
  [0x16, 1620, 20_250, 4_000_000],
  [0x1e, 1620, 40_500, 10_000_000],
  [0x1f, 3600, 108_000, 14_000_000],
  [0x20, 5120, 216_000, 20_000_000],
  [0x28, 8192, 245_760, 20_000_000],
  [0x2a, 8704, 522_240, 50_000_000],
  [0x32, 22_080, 589_824, 135_000_000],
  [0x33, 36_864, 983_040, 240_000_000],
  [0x34, 36_864, 2_073_600, 240_000_000],
] as const;

/** profile_idc and constraint flags: High, Main, Constrained Baseline. */
const avcProfiles = ['6400', '4d00', '42e0'] as const;

/**
 * VP9 levels: luma samples per frame and per second, bits per second. Source: "VP9 Bitstream & Decoding Process", annex A.
 * AV1's seq_level_idx for the same sizes is close enough to share the table. Source: AV1 specification, annex A.
 */
const openLevels = [
  ['20', '00', 122_880, 4_608_000, 1_500_000],
  ['21', '01', 245_760, 9_216_000, 3_000_000],
  ['30', '04', 552_960, 20_736_000, 6_000_000],
  ['31', '05', 983_040, 36_864_000, 10_000_000],
  ['40', '08', 2_228_224, 83_558_400, 12_000_000],
  ['41', '09', 2_228_224, 160_432_128, 20_000_000],
  ['50', '12', 8_912_896, 311_951_360, 30_000_000],
  ['52', '14', 8_912_896, 1_176_502_272, 60_000_000],
  ['62', '18', 35_651_584, 4_706_009_088, 240_000_000],
] as const;

/**
 * Bits per second: two per pixel, which keeps flat colours and sharp edges clean, and never less than a small video needs
 * to look perfect: files of a few seconds are small anyway.
 */
function bitrateFor(width: number, height: number, fps: number): number {
  return Math.min(Math.max(2 * width * height * fps, 2_000_000), 50_000_000);
}

/**
 * Encoders to try in this order: H.264, because everything plays it, then VP9, then AV1. For each, software first: it takes any
 * size, drops nothing and tags colours, and videos this small need no more. The browser itself reports what it cannot do.
 */
export function candidates(width: number, height: number, fps: number): Candidate[] {
  const bitrate = bitrateFor(width, height, fps);
  const load: Load = { width, height, fps, bitrate };
  const codecs: [Mp4Codec, string[]][] = [
    ['avc', avcCodecs(load)],
    ['vp9', openCodec(load, ([vp9]) => `vp09.00.${vp9}.08`)],
    ['av1', openCodec(load, ([, av1]) => `av01.0.${av1}M.08`)],
  ];
  const shared = { width, height, bitrate, framerate: fps, bitrateMode: 'variable', latencyMode: 'quality' } as const;
  return codecs.flatMap(([codec, strings]) =>
    (['prefer-software', 'no-preference'] as const).flatMap((hardwareAcceleration) =>
      strings.map((string) => ({
        codec,
        config: {
          ...shared,
          codec: string,
          hardwareAcceleration,
          // length-prefixed, as mp4 wants it
          ...(codec === 'avc' && { avc: { format: 'avc' as const } }),
        },
      })),
    ),
  );
}

/** Whether the browser reports that it can encode this. Needs WebCodecs. */
export async function isSupported(config: VideoEncoderConfig): Promise<boolean> {
  try {
    return (await VideoEncoder.isConfigSupported(config)).supported === true;
  } catch {
    // a browser that does not know one of the values throws instead of answering
    return false;
  }
}

function avcCodecs({ width, height, fps, bitrate }: Load): string[] {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const level = avcLevels.find(
    ([, perFrame, perSecond, bits]) => macroblocks <= perFrame && macroblocks * fps <= perSecond && bitrate <= bits,
  );
  return level ? avcProfiles.map((profile) => `avc1.${profile}${level[0].toString(16).padStart(2, '0')}`) : [];
}

function openCodec(
  { width, height, fps, bitrate }: Load,
  nameOf: (level: (typeof openLevels)[number]) => string,
): string[] {
  const level = openLevels.find(
    ([, , perFrame, perSecond, bits]) =>
      width * height <= perFrame && width * height * fps <= perSecond && bitrate <= bits,
  );
  return level ? [nameOf(level)] : [];
}
