export const KAFKA_VERSION: string;
export function kafkaJars(): string;
export function hasKafkaJars(): boolean;
export function ensureKafkaJars(): Promise<string>;
