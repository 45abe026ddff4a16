/**
 * CLIPTokenizer, from a checkpoint's vocab.json and merges.txt. Byte-pair encoding is @huggingface/tokenizers', the library under
 * @huggingface/transformers: the latter's own entry would bring a second inference runtime and point onnxruntime at a CDN.
 * Source: transformers models/clip/tokenization_clip.py.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { KinoraError } from '../errors';

export interface TokenizerFiles {
  vocab: string;
  merges: string;
  tokenizerConfig?: string;
  specialTokensMap?: string;
}

export interface TokenizedText {
  /** [maxLength], padded. */
  ids: Int32Array<ArrayBuffer>;
  /** With start and end marks, before truncation. */
  tokens: number;
  /** How many of them did not fit. */
  truncated: number;
}

const vocabulary = z.record(z.string(), z.number().int().min(0));
/** Special tokens are strings, or objects that hold one. */
const specialToken = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);
const specialTokens = z.object({
  bos_token: specialToken.optional(),
  eos_token: specialToken.optional(),
  unk_token: specialToken.optional(),
  pad_token: specialToken.optional(),
});

export class ClipTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #maxLength: number;
  readonly #padId: number;
  readonly #endId: number;

  /** special_tokens_map.json goes before tokenizer_config.json, as in Python. Throws KinoraError `invalid-checkpoint`. */
  static fromFiles(files: TokenizerFiles, maxLength: number): ClipTokenizer {
    const vocab = parse(vocabulary, files.vocab, 'tokenizer/vocab.json');
    const config = parse(specialTokens, files.tokenizerConfig ?? '{}', 'tokenizer/tokenizer_config.json');
    const map = parse(specialTokens, files.specialTokensMap ?? '{}', 'tokenizer/special_tokens_map.json');
    const end = '<|endoftext|>';
    const special = { bos_token: '<|startoftext|>', eos_token: end, unk_token: end, pad_token: end, ...config, ...map };
    return new ClipTokenizer(vocab, files.merges, special, maxLength);
  }

  private constructor(
    vocab: Record<string, number>,
    mergesText: string,
    special: { bos_token: string; eos_token: string; unk_token: string; pad_token: string },
    maxLength: number,
  ) {
    const id = (token: string): number => {
      const found = vocab[token];
      if (found === undefined)
        throw new KinoraError('invalid-checkpoint', `tokenizer/vocab.json has no token ${token}.`);
      return found;
    };
    // a version line first, then one merge a line
    const merges = mergesText
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#version'))
      .map((line) => line.split(' '));
    if (merges.length === 0 || merges.some((pair) => pair.length !== 2)) {
      throw new KinoraError('invalid-checkpoint', 'tokenizer/merges.txt must hold one pair of tokens a line.');
    }
    const { bos_token: start, eos_token: end, unk_token: unknown, pad_token: pad } = special;
    const added = [...new Set([start, end, unknown, pad])];
    this.#maxLength = maxLength;
    this.#padId = id(pad);
    this.#endId = id(end);
    const contractions = "'s|'t|'re|'ve|'m|'ll|'d";
    this.#tokenizer = new Tokenizer(
      {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: added.map((content) => ({
          id: id(content),
          content,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: content !== pad || pad === end,
          special: true,
        })),
        normalizer: {
          type: 'Sequence',
          normalizers: [
            { type: 'NFC' },
            { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
            { type: 'Lowercase' },
          ],
        },
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            {
              type: 'Split',
              pattern: {
                Regex: `<\\|startoftext\\|>|<\\|endoftext\\|>|${contractions}|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+`,
              },
              behavior: 'Removed',
              invert: true,
            },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
          ],
        },
        post_processor: {
          type: 'RobertaProcessing',
          sep: [end, id(end)],
          cls: [start, id(start)],
          trim_offsets: false,
          add_prefix_space: false,
        },
        decoder: null,
        model: {
          type: 'BPE',
          dropout: null,
          unk_token: unknown,
          continuing_subword_prefix: '',
          end_of_word_suffix: '</w>',
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          vocab,
          merges,
        },
      },
      { bos_token: start, eos_token: end, unk_token: unknown, pad_token: pad },
    );
  }

  /** Never throws: what does not fit is cut off before the end mark, and counted. */
  encode(text: string): TokenizedText {
    // Python's lower case of Σ is σ everywhere; JavaScript writes ς at the end of a word
    const all = this.#tokenizer.encode(text.replaceAll('Σ', 'σ')).ids;
    const kept = all.length > this.#maxLength ? [...all.slice(0, this.#maxLength - 1), this.#endId] : all;
    const ids = new Int32Array(this.#maxLength).fill(this.#padId);
    ids.set(kept);
    return { ids, tokens: all.length, truncated: all.length - kept.length };
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new KinoraError('invalid-checkpoint', `${file} is not what a CLIP tokenizer needs.`, { cause });
  }
}
