/** Sum of all samples of a metric in Prometheus' text format, of those with a label value if one is given; 0 without any. */
export function metricIn(text: string, name: string, label?: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => label === undefined || line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
