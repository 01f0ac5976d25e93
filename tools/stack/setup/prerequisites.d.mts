export function missingText(
  missing: readonly { readonly what: 'node' | 'npm' | 'java' | 'maven'; readonly found?: string }[],
): string;
