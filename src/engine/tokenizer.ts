/**
 * CLIPTokenizer, from a checkpoint's vocab.json and merges.txt. Byte-pair encoding is @huggingface/tokenizers', the library under
 * @huggingface/transformers: the latter's own entry would bring a second inference runtime and point onnxruntime at a CDN.
 * Source: transformers 5, models/clip/tokenization_clip.py and tokenization_utils_base.py. Its predecessor in transformers 4 cleaned
 * texts in other ways, which depended on whether ftfy was installed; on plain text all of them agree.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { KinoraError } from '../errors';
import { parsePythonJson } from '../python-json';

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

const no = z.literal(false).optional();
/** No CLIP checkpoint strips white space around its special tokens, or looks for them as whole words only. */
const tokenObject = z.object({
  content: z.string(),
  normalized: z.boolean().optional(),
  lstrip: no,
  rstrip: no,
  single_word: no,
});
const specialToken = z.union([z.string().transform((content) => ({ content, normalized: false })), tokenObject]);
const specialTokens = z.object({
  bos_token: specialToken.optional(),
  eos_token: specialToken.optional(),
  unk_token: specialToken.optional(),
  pad_token: specialToken.optional(),
});
const tokenizerConfig = specialTokens.extend({
  added_tokens_decoder: z.record(z.string(), tokenObject.extend({ special: z.boolean().default(false) })).optional(),
});

/** A token that is looked for in the text itself: before the text is normalised, or after. */
interface AddedToken {
  id: number;
  content: string;
  normalized: boolean;
  special: boolean;
}

interface Tokens {
  start: AddedToken;
  end: AddedToken;
  unknown: AddedToken;
  pad: AddedToken;
  added: readonly AddedToken[];
}

/** Which tokens are special, as Python finds out from files that may disagree. */
function resolveTokens(files: TokenizerFiles, vocab: Readonly<Record<string, number>>): Tokens {
  const config = parse(tokenizerConfig, files.tokenizerConfig ?? '{}', 'tokenizer/tokenizer_config.json');
  const map = parse(specialTokens, files.specialTokensMap ?? '{}', 'tokenizer/special_tokens_map.json');
  // Where a newer transformers has written added_tokens_decoder, special_tokens_map.json is not read; else it goes first
  const chosen = { ...config, ...(config.added_tokens_decoder ? {} : map) };
  const decoder = new Map<string, AddedToken>();
  for (const [id, { content, normalized, special }] of Object.entries(config.added_tokens_decoder ?? {})) {
    decoder.set(content, { id: Number(id), content, normalized: normalized ?? !special, special });
  }
  const named = (given: z.infer<typeof specialToken> | undefined, usual: string): AddedToken => {
    const { content, normalized = false } = given ?? { content: usual };
    const id = decoder.get(content)?.id ?? vocab[content];
    if (id === undefined) throw new KinoraError('invalid-checkpoint', `tokenizer/vocab.json has no token ${content}.`);
    return { id, content, normalized, special: true };
  };
  const start = named(chosen.bos_token, '<|startoftext|>');
  const end = named(chosen.eos_token, '<|endoftext|>');
  const unknown = named(chosen.unk_token, '<|endoftext|>');
  const pad = named(chosen.pad_token, '<|endoftext|>');

  // The same token may be there twice, to be found before and after normalising. Python drops repetitions, then the last one counts.
  const distinct = new Map([start, end, unknown, pad].map((token) => [`${token.normalized} ${token.content}`, token]));
  const added = new Map([...distinct.values()].map((token) => [token.content, token]));
  return { start, end, unknown, pad, added: [...new Map([...added, ...decoder]).values()] };
}

/** One merge a line, below a line with the version. */
function parseMerges(text: string): string[][] {
  const merges = text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#version'))
    .map((line) => line.split(' '));
  if (merges.length === 0 || merges.some((pair) => pair.length !== 2)) {
    throw new KinoraError('invalid-checkpoint', 'tokenizer/merges.txt must hold one pair of tokens a line.');
  }
  return merges;
}

/** Words, single digits, and runs of everything else but white space. */
const pieces = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** What tokenizer.json would say, if the checkpoint had one. */
function tokenizerJson(
  { start, end, unknown, added }: Tokens,
  vocab: Readonly<Record<string, number>>,
  merges: string[][],
) {
  const keep = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true });
  return {
    version: '1.0',
    added_tokens: added.map((token) => ({ ...token, single_word: false, lstrip: false, rstrip: false })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        // In Rust a Σ in lower case is σ everywhere; in JavaScript it is ς at the end of a word
        { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        keep(`<\\|startoftext\\|>|<\\|endoftext\\|>|${pieces}`),
        // ByteLevel's own expression takes U+FEFF for white space, as JavaScript does and Rust does not
        keep(pieces),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end.content, end.id],
      cls: [start.content, start.id],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: unknown.content,
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

export class ClipTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #maxLength: number;
  readonly #padId: number;
  readonly #endId: number;

  /** Throws KinoraError `invalid-checkpoint` that names the file. */
  static fromFiles(files: TokenizerFiles, maxLength: number): ClipTokenizer {
    const vocab = parse(vocabulary, files.vocab, 'tokenizer/vocab.json');
    const tokens = resolveTokens(files, vocab);
    const tokenizer = new Tokenizer(tokenizerJson(tokens, vocab, parseMerges(files.merges)), {});
    return new ClipTokenizer(tokenizer, tokens, maxLength);
  }

  private constructor(tokenizer: Tokenizer, { end, pad }: Tokens, maxLength: number) {
    this.#tokenizer = tokenizer;
    this.#maxLength = maxLength;
    this.#padId = pad.id;
    this.#endId = end.id;
  }

  /** Never throws: what does not fit is cut off before the end mark, and counted. */
  encode(text: string): TokenizedText {
    const all = this.#tokenizer.encode(text).ids;
    const kept = all.length > this.#maxLength ? [...all.slice(0, this.#maxLength - 1), this.#endId] : all;
    const ids = new Int32Array(this.#maxLength).fill(this.#padId);
    ids.set(kept);
    return { ids, tokens: all.length, truncated: all.length - kept.length };
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, file: string): T {
  try {
    return schema.parse(parsePythonJson(text, file));
  } catch (cause) {
    throw new KinoraError('invalid-checkpoint', `${file} is not what a CLIP tokenizer needs.`, { cause });
  }
}
