import type { SeededRandom } from '../seeded-random.ts';

/** The text of a random value, as the server reads it. */
export type RandomValue = (random: SeededRandom) => string;
