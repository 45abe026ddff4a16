/**
 * Keeps the networks of a checkpoint on the device: each is created when first needed, and freed according to the memory policy.
 */
import { KinoraError, throwIfCancelled } from '../shared/errors';
import { addDeltas, type Deltas } from './adapters/apply';
import { Clock } from './clock';
import type { NetworkPlan } from './pipelines/definition';
import { breaks } from './runtime/failures';
import { GpuMeter } from './runtime/gpu-meter';
import { Network, type PreparedNetwork, prepareNetwork } from './runtime/network';
import type { Weights } from './source';
import type { Backend, Component, MemoryPolicy, Progress } from './types';
import type { Aliases } from './weights';

/** What the networks are made of, by component of the checkpoint. */
export type NetworkParts = Readonly<Record<Component, { readonly weights: Weights; readonly aliases: Aliases }>>;
/** What adapters add to the weights, by component. */
export type NetworkDeltas = Readonly<Record<Component, Deltas>>;

/** Progress and cancellation of a job. */
export interface JobOptions {
  onProgress?: (progress: Progress) => void;
  /** Takes effect between two runs of a network. */
  signal?: AbortSignal;
}

export class Networks {
  readonly meter = new GpuMeter();
  /** A new one for every video. */
  clock = new Clock();
  readonly #parts: NetworkParts;
  readonly #backend: Backend;
  readonly #memory: MemoryPolicy;
  #deltas: NetworkDeltas = {};
  /** Loaded networks by role; the prepared ones are by role too. */
  readonly #loaded = new Map<string, { key: string; network: Network; companion: boolean }>();
  readonly #prepared = new Map<string, { key: string; network: Promise<PreparedNetwork> }>();

  /** Settles when the last requested work has ended. */
  #idle: Promise<unknown> = Promise.resolve();

  constructor(parts: NetworkParts, backend: Backend, memory: MemoryPolicy) {
    this.#parts = parts;
    this.#backend = backend;
    this.#memory = memory;
  }

  /** From now on networks are made with these. One that others change is made anew when it is needed next. */
  setDeltas(deltas: NetworkDeltas): void {
    this.#deltas = deltas;
  }

  /**
   * Passes the network, ready to run, to `work`. Other requests wait meanwhile: onnxruntime does one thing at a time.
   * @throws KinoraError `cancelled`, what loading and `work` throw; whatever the error may have broken is rebuilt when next
   *   needed
   */
  use<T>(plan: NetworkPlan, { onProgress, signal }: JobOptions, work: (network: Network) => Promise<T>): Promise<T> {
    const turn = this.#idle.then(async () => {
      throwIfCancelled(signal);
      try {
        const network = await this.clock.time('load', () => this.#load(plan, onProgress));
        throwIfCancelled(signal);
        return await work(network);
      } catch (error) {
        if (breaks(error)) await this.#discard();
        throw error;
      }
    });
    this.#idle = turn.catch(() => undefined);
    return turn;
  }

  /** Loads the network unless it is ready, so that the first `use` need not. */
  load(plan: NetworkPlan, job: JobOptions): Promise<void> {
    return this.use(plan, job, async () => undefined);
  }

  /**
   * The network, ready to run. Another one in the same role is freed first, and with the policy `low-memory` every other network
   * too, except companions. So are networks whose device was lost since they last ran, for example because the computer slept.
   */
  async #load(plan: NetworkPlan, onProgress: JobOptions['onProgress']): Promise<Network> {
    const { role, network: place, companion = false } = plan;
    const key = this.#keyOf(plan);
    const known = this.#loaded.get(role);
    if (known?.key === key && !known.network.lost) return known.network;
    const alone = this.#memory === 'low-memory' && !companion;
    for (const [other, loaded] of [...this.#loaded]) {
      if (other === role || loaded.network.lost || (alone && !loaded.companion)) await this.#free(other);
    }
    const report = (done: number, total: number) => onProgress?.({ stage: 'load', network: place, done, total });
    report(0, 0);
    const prepared = this.#prepared.get(role);
    this.#prepared.delete(role);
    const ready = await (prepared?.key === key ? prepared.network : this.#prepare(plan));
    const network = await Network.start(ready, { meter: this.meter, onProgress: report });
    this.#loaded.set(role, { key, network, companion });
    return network;
  }

  /**
   * Does the part of loading that needs neither the GPU nor onnxruntime in advance, while another network loads or runs. Does
   * nothing on the CPU, where a run leaves no time for it, or with `low-memory`, since converted weights would wait in memory.
   */
  prepareAhead(plan: NetworkPlan): void {
    if (this.#backend.device === 'wasm' || this.#memory === 'low-memory') return;
    const { role } = plan;
    const key = this.#keyOf(plan);
    if (this.#loaded.get(role)?.key === key || this.#prepared.get(role)?.key === key) return;
    // deferred, so that running work is not delayed
    const network = new Promise((resolve) => setTimeout(resolve)).then(() => this.#prepare(plan));
    this.#prepared.set(role, { key, network });
    // the rejection belongs to the current waiter; the slot is cleared so that the next caller retries
    network.catch(() => {
      if (this.#prepared.get(role)?.network === network) this.#prepared.delete(role);
    });
  }

  #keyOf({ key, network: { component } }: NetworkPlan): string {
    const deltas = [...(this.#deltas[component] ?? [])];
    return deltas.length === 0 ? key : JSON.stringify([key, deltas]);
  }

  #prepare({ network: { component }, graph }: NetworkPlan): Promise<PreparedNetwork> {
    const part = this.#parts[component];
    if (!part) throw new KinoraError('internal', `The checkpoint has no component ${component}.`);
    const adapted = addDeltas(graph(), this.#deltas[component] ?? new Map());
    return prepareNetwork(adapted, part.weights, this.#backend.device, part.aliases);
  }

  async #free(role: string): Promise<void> {
    const { network } = this.#loaded.get(role) ?? {};
    this.#loaded.delete(role);
    await network?.release();
  }

  /** Frees all networks. */
  async release(): Promise<void> {
    this.#prepared.clear();
    for (const role of [...this.#loaded.keys()]) await this.#free(role);
  }

  /**
   * Like `release`, after a device or the runtime has failed and may fail again at this. Networks are rebuilt when next needed.
   */
  async #discard(): Promise<void> {
    this.#prepared.clear();
    for (const role of [...this.#loaded.keys()]) await this.#free(role).catch(() => {});
  }
}
