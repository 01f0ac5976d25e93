export function withLock<T>(folder: string, subject: string, work: () => Promise<T>): Promise<T>;
export function tryLock(
  path: string,
):
  | { readonly release: () => void; readonly holder?: undefined }
  | { readonly release?: undefined; readonly holder: number };
