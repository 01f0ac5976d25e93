export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** For use as a key in maps. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
