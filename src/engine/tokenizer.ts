/**
 * CLIPTokenizer, from a checkpoint's vocab.json and merges.txt. Byte-pair encoding is @huggingface/tokenizers', the library under
 * @huggingface/transformers: the latter's own entry would bring a second inference runtime and point onnxruntime at a CDN.
 * Source: transformers models/clip/tokenization_clip.py and tokenization_utils_base.py. Older versions of transformers cleaned
 * texts in other ways, depending on whether ftfy was installed; on plain text all of them agree.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { KinoraError } from '../shared/errors';
import { parsePythonJson } from '../shared/python-json';
import { quote, shortened } from '../shared/quote';
import { maxVocabulary } from './config';

export interface TokenizerFiles {
  vocab: string;
  merges: string;
  tokenizerConfig?: string;
  specialTokensMap?: string;
}

export interface TokenizedText {
  /** Token ids [maxLength], padded. */
  ids: Int32Array<ArrayBuffer>;
  /** Number of tokens, including start and end marks, before truncation. */
  tokens: number;
  /** How many of them did not fit. */
  truncated: number;
}

/** The library keeps a list indexed by id, and an object for every character of an added token. */
const maxAddedTokens = 1024;
const maxAddedCharacters = 256;
/** CLIP has 48,895. */
const maxMerges = 2 ** 18;

const anyObject = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const tokenId = z.number().int().min(0).max(maxVocabulary);

const no = z.literal(false).optional();
/** No CLIP checkpoint strips white space around its special tokens, or matches them only as whole words. */
const content = z.string().min(1).max(maxAddedCharacters);
const tokenObject = z.object({
  content,
  normalized: z.boolean().optional(),
  lstrip: no,
  rstrip: no,
  single_word: no,
});
const specialToken = z.union([content.transform((text) => ({ content: text, normalized: false })), tokenObject]);
const specialTokens = z.object({
  bos_token: specialToken.optional(),
  eos_token: specialToken.optional(),
  unk_token: specialToken.optional(),
  pad_token: specialToken.optional(),
});
const tokenizerConfig = specialTokens.extend({
  added_tokens_decoder: z
    .record(z.string(), tokenObject.extend({ special: z.boolean().default(false) }))
    .refine((tokens) => Object.keys(tokens).length <= maxAddedTokens, `more than ${maxAddedTokens} tokens`)
    .optional(),
});

/** A token that is matched in the text itself, before or after the text is normalised. */
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

/** Determines the special tokens as Python does, from files that may disagree. */
function resolveTokens(files: TokenizerFiles, vocab: Vocabulary): Tokens {
  const configPath = 'tokenizer/tokenizer_config.json';
  const config = parse(tokenizerConfig, files.tokenizerConfig ?? '{}', configPath);
  const map = parse(specialTokens, files.specialTokensMap ?? '{}', 'tokenizer/special_tokens_map.json');
  // if a newer version of transformers has written added_tokens_decoder, special_tokens_map.json is ignored; otherwise it takes
  // precedence
  const chosen = { ...config, ...(config.added_tokens_decoder ? {} : map) };
  const decoder = new Map<string, AddedToken>();
  for (const [id, { content, normalized, special }] of Object.entries(config.added_tokens_decoder ?? {})) {
    const token = { id: parseId(Number(id), content, configPath), content };
    decoder.set(content, { ...token, normalized: normalized ?? !special, special });
  }
  const named = (given: z.infer<typeof specialToken> | undefined, usual: string): AddedToken => {
    const { content, normalized = false } = given ?? { content: usual };
    const id = decoder.get(content)?.id ?? vocab.get(content);
    if (id === undefined) {
      throw new KinoraError('invalid-checkpoint', `tokenizer/vocab.json has no token ${shortened(content)}.`);
    }
    return { id, content, normalized, special: true };
  };
  const start = named(chosen.bos_token, '<|startoftext|>');
  const end = named(chosen.eos_token, '<|endoftext|>');
  const unknown = named(chosen.unk_token, '<|endoftext|>');
  const pad = named(chosen.pad_token, '<|endoftext|>');

  // the same token may occur twice, to be matched before and after normalising; Python drops duplicates, then the last one counts
  const distinct = new Map([start, end, unknown, pad].map((token) => [`${token.normalized} ${token.content}`, token]));
  const added = new Map([...distinct.values()].map((token) => [token.content, token]));
  return { start, end, unknown, pad, added: [...new Map([...added, ...decoder]).values()] };
}

type Vocabulary = ReadonlyMap<string, number>;

/** A token may be named like a property of every object; and zod drops `__proto__` from its records. */
function parseVocabulary(text: string): Vocabulary {
  const path = 'tokenizer/vocab.json';
  const entries = Object.entries(parse(anyObject, text, path));
  return new Map(entries.map(([token, id]) => [token, parseId(id, token, path)]));
}

function parseId(id: unknown, token: string, path: string): number {
  const parsed = tokenId.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new KinoraError(
    'invalid-checkpoint',
    `${path} gives the token ${shortened(token)} the id ${quote(id)}; it must be an integer from 0 to ${maxVocabulary}.`,
  );
}

/** One merge per line, after a line with the version. */
function parseMerges(text: string): string[][] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  if (lines.length > maxMerges) {
    throw new KinoraError(
      'invalid-checkpoint',
      `tokenizer/merges.txt holds ${lines.length} merges, where at most ${maxMerges} are allowed.`,
    );
  }
  const merges = lines.map((line) => line.split(' '));
  if (merges.length === 0 || merges.some((pair) => pair.length !== 2)) {
    throw new KinoraError('invalid-checkpoint', 'tokenizer/merges.txt must hold one pair of tokens per line.');
  }
  return merges;
}

/** Words, single digits, and runs of everything else except white space. */
const pieces = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** The tokenizer.json that the checkpoint would have. */
function tokenizerJson({ start, end, unknown, added }: Tokens, vocab: Vocabulary, merges: string[][]) {
  const keep = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true });
  return {
    version: '1.0',
    added_tokens: added.map((token) => ({ ...token, single_word: false, lstrip: false, rstrip: false })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        // in Rust, Σ always becomes σ in lower case; in JavaScript it becomes ς at the end of a word
        { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        keep(`<\\|startoftext\\|>|<\\|endoftext\\|>|${pieces}`),
        // ByteLevel's own expression treats U+FEFF as white space, as JavaScript does and Rust does not
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
      vocab: Object.fromEntries(vocab),
      merges,
    },
  };
}

export class ClipTokenizer {
  /** The largest id that `encode` may return. */
  readonly largestId: number;
  readonly #tokenizer: Tokenizer;
  readonly #maxLength: number;
  readonly #padId: number;
  readonly #endId: number;

  /** @throws KinoraError `invalid-checkpoint`, naming the file */
  static fromFiles(files: TokenizerFiles, maxLength: number): ClipTokenizer {
    const vocab = parseVocabulary(files.vocab);
    const tokens = resolveTokens(files, vocab);
    const tokenizer = new Tokenizer(tokenizerJson(tokens, vocab, parseMerges(files.merges)), {});
    const ids = [...vocab.values(), ...tokens.added.map(({ id }) => id)];
    const largestId = ids.reduce((largest, id) => Math.max(largest, id), 0);
    return new ClipTokenizer(tokenizer, tokens, largestId, maxLength);
  }

  private constructor(tokenizer: Tokenizer, { end, pad }: Tokens, largestId: number, maxLength: number) {
    this.largestId = largestId;
    this.#tokenizer = tokenizer;
    this.#maxLength = maxLength;
    this.#padId = pad.id;
    this.#endId = end.id;
  }

  /** Encodes a text. Never throws: tokens that do not fit are dropped before the end mark, and counted. */
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
