/** Keeps the networks of a checkpoint on the device, each made when it is first needed, and frees them by the memory policy. */
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

/** What of a checkpoint the networks are made of, by component. */
export type NetworkParts = Readonly<Record<Component, { readonly weights: Weights; readonly aliases: Aliases }>>;
/** What adapters add to the weights, by component. */
export type NetworkDeltas = Readonly<Record<Component, Deltas>>;

/** How far work has come, and its end before its time. */
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
  /** By role, as are the prepared ones. */
  readonly #loaded = new Map<string, { key: string; network: Network; companion: boolean }>();
  readonly #prepared = new Map<string, { key: string; network: Promise<PreparedNetwork> }>();

  /** Ends with the last work that was asked for. */
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
   * Gives the network to `work`, ready to run. Whatever else is asked for meanwhile waits: onnxruntime does one thing at a time.
   * @throws KinoraError `cancelled`, what loading and `work` throw; what an error may have broken is then made anew when it is needed
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

  /** Loads the network where it is not ready, so that the first `use` need not. */
  load(plan: NetworkPlan, job: JobOptions): Promise<void> {
    return this.use(plan, job, async () => undefined);
  }

  /**
   * The network, ready to run. Another one in the same role is freed first, and with the policy `low-memory` every other network too,
   * but for companions. So are those whose device was lost since they last ran, as when the computer slept.
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
   * Does in advance, while another network loads or runs, what of loading needs neither the GPU nor onnxruntime. Nothing on the
   * CPU, where a run leaves no time for anything else, and nothing with `low-memory`: converted weights wait in memory.
   */
  prepareAhead(plan: NetworkPlan): void {
    if (this.#backend.device === 'wasm' || this.#memory === 'low-memory') return;
    const { role } = plan;
    const key = this.#keyOf(plan);
    if (this.#loaded.get(role)?.key === key || this.#prepared.get(role)?.key === key) return;
    // deferred, so that running work is not delayed
    const network = new Promise((resolve) => setTimeout(resolve)).then(() => this.#prepare(plan));
    this.#prepared.set(role, { key, network });
    // the rejection belongs to whoever waits now; the slot is cleared so that the next caller tries again
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

  /** Frees everything. */
  async release(): Promise<void> {
    this.#prepared.clear();
    for (const role of [...this.#loaded.keys()]) await this.#free(role);
  }

  /** Like `release`, where a device or the runtime has failed and may fail at this too. What is needed next is made anew. */
  async #discard(): Promise<void> {
    this.#prepared.clear();
    for (const role of [...this.#loaded.keys()]) await this.#free(role).catch(() => {});
  }
}
