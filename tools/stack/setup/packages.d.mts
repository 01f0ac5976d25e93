interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly version?: string; readonly link?: boolean; readonly optional?: boolean; readonly peer?: boolean }
    >
  >;
}
export function holdsAll(wanted: Lock, installed: Lock): boolean;
