import type { Pipe, Readers } from '../../src/watcher/outputs/readers.ts';
import type { SimulatedClock } from './clock.ts';
import type { Random } from './random.ts';
import { type Habit, SimulatedPipe, WITNESS } from './readers.ts';
import type { StreamRules } from './stream-rules.ts';
import type { Validator } from './validator.ts';

/** Places that the sidecar has. */
const MAX_READERS = 64;

interface Seat {
  habit: Habit;
  label: string;
  pipe: SimulatedPipe | undefined;
  rules: StreamRules | undefined;
}

/** All who read one sidecar's stream. */
export class Audience {
  #clock: SimulatedClock;
  #random: Random;
  #validator: Validator;
  #readers: Readers;
  #wrap: (pipe: Pipe) => Pipe;
  /** The number of connections that the sidecar closed of its own accord. */
  disconnected = 0;
  #seats: Seat[] = [];
  #open = 0;
  #closing = false;

  constructor(
    clock: SimulatedClock,
    random: Random,
    validator: Validator,
    readers: Readers,
    wrap: (pipe: Pipe) => Pipe,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#validator = validator;
    this.#readers = readers;
    this.#wrap = wrap;
  }

  /** The first of all is a witness: it keeps up and never goes, so it hears everything first. */
  enter(habits: readonly Habit[], crowd: number): void {
    this.#sit(WITNESS, 'the witness', 0);
    for (const [index, habit] of habits.entries()) {
      this.#sit(habit, `${habit.name} reader ${index + 1}`, this.#random.wait(3000));
    }
    for (let count = 0; count < crowd; count += 1) {
      this.#sit({ ...WITNESS, name: 'reconnecting', awayMs: 60_000 }, `crowd ${count}`, 2000);
    }
  }

  probe(): void {
    for (const { pipe, rules } of this.#seats) {
      if (pipe !== undefined && !pipe.destroyed) rules?.probe(this.#blocked(pipe));
    }
  }

  /** Whoever keeps up, or has kept up for a while, holds the latest revision. */
  judgeConvergence(): void {
    const latest = this.#validator.ledger.latest?.revision;
    for (const { pipe, rules, label } of this.#seats) {
      if (pipe === undefined || !pipe.settled || rules?.over) continue;
      if (rules!.revision === latest) continue;
      this.#validator.report('converged', `${label} holds ${rules!.revision}, the latest is ${latest}`);
    }
  }

  /** The sidecar says goodbye: whoever keeps up has heard it. */
  async leave(): Promise<void> {
    this.#closing = true;
    const listening = this.#seats.filter(({ pipe, rules }) => rules?.keepsUp && !pipe?.destroyed);
    this.#readers.close('the story is over');
    await this.#clock.advance(100);
    for (const { rules } of listening) rules?.end();
  }

  #sit(habit: Habit, label: string, wait: number): void {
    const seat: Seat = { habit, label, pipe: undefined, rules: undefined };
    this.#seats.push(seat);
    if (wait === 0) this.#connect(seat);
    else this.#clock.setTimeout(() => this.#connect(seat), wait);
  }

  #connect(seat: Seat): void {
    if (this.#closing) return;
    const rules = this.#validator.stream(seat.habit, seat.label);
    const full = this.#open >= MAX_READERS;
    const pipe: SimulatedPipe = new SimulatedPipe(this.#clock, seat.habit, {
      written: (data) => rules.written(data),
      closed: (by) => {
        if (!full) this.#open -= 1;
        if (by === 'server' && !this.#closing && !full) {
          this.disconnected += 1;
          rules.closedByServer(this.#blocked(pipe));
        }
        const away = seat.habit.awayMs ?? 1000;
        this.#clock.setTimeout(() => this.#connect(seat), this.#random.between(0, away));
      },
    });
    seat.pipe = pipe;
    seat.rules = rules;
    if (!full) this.#open += 1;
    this.#readers.add(this.#wrap(pipe));
    rules.greeted(full);
    this.#behave(seat.habit, pipe);
  }

  #behave({ pauseMs, pauseEveryMs, staysMs }: Habit, pipe: SimulatedPipe): void {
    if (staysMs !== undefined) this.#clock.setTimeout(() => pipe.hangUp(), this.#random.wait(staysMs));
    if (pauseMs === undefined) return;
    const pause = () => {
      if (pipe.destroyed) return;
      pipe.pause();
      if (pauseMs === Number.POSITIVE_INFINITY) return;
      this.#clock.setTimeout(() => pipe.resume(), pauseMs);
      this.#clock.setTimeout(pause, pauseMs + this.#random.between(0, pauseEveryMs!));
    };
    this.#clock.setTimeout(pause, this.#random.between(0, pauseEveryMs!));
  }

  #blocked(pipe: SimulatedPipe): number {
    return pipe.blockedAt === undefined ? 0 : this.#clock.now() - pipe.blockedAt;
  }
}
