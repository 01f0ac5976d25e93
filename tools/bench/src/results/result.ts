import { z } from 'zod';

/** What a scenario found, as its JSON file holds it. Tables and plots are for people and programs alike. */

const cell = z.union([z.string(), z.number(), z.null()]);
export type Cell = z.output<typeof cell>;

const tableSchema = z.object({
  title: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      unit: z.string().optional(),
      /** Digits after the point; default 0. */
      digits: z.int().optional(),
    }),
  ),
  rows: z.array(z.array(cell)),
});
export type Table = z.output<typeof tableSchema>;
export type Column = Table['columns'][number];

const barsSchema = z.object({
  kind: z.literal('bars'),
  title: z.string(),
  unit: z.string(),
  groups: z.array(z.string()),
  series: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
  /** A line across that bars are to stay below, or above. */
  goal: z.number().optional(),
});
const linesSchema = z.object({
  kind: z.literal('lines'),
  title: z.string(),
  unit: z.string(),
  /** What is along the bottom. */
  along: z.string(),
  series: z.array(z.object({ name: z.string(), points: z.array(z.tuple([z.number(), z.number()])) })),
});
const plotSchema = z.discriminatedUnion('kind', [barsSchema, linesSchema]);
export type BarPlot = z.output<typeof barsSchema>;
export type LinePlot = z.output<typeof linesSchema>;
export type Plot = z.output<typeof plotSchema>;

const machineSchema = z.object({
  cpu: z.string(),
  cpus: z.int(),
  memoryGiB: z.number(),
  system: z.string(),
  node: z.string(),
  kafka: z.string(),
  postgres: z.string(),
  /** Load average of the last minute before the scenario: what else the machine was doing. */
  loadBefore: z.number(),
});
export type Machine = z.output<typeof machineSchema>;

export const resultSchema = z.object({
  scenario: z.string(),
  title: z.string(),
  /** As it was typed. */
  command: z.string(),
  /** ISO 8601. */
  at: z.string(),
  seconds: z.number(),
  /** Abbreviated hash, with `+` when the checkout held changes. */
  commit: z.string(),
  machine: machineSchema,
  tables: z.array(tableSchema),
  plots: z.array(plotSchema),
  /** Promises of the platform that did not hold. */
  broken: z.array(z.string()),
});
export type Result = z.output<typeof resultSchema>;

/** What a scenario itself has to say. */
export type Findings = Pick<Result, 'tables' | 'plots' | 'broken'>;
