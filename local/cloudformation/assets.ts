import { readFileSync } from 'node:fs';
import type { Asset } from './assembly.ts';

/** Files that templates refer to by bucket and key, read from the assembly. */
export interface Assets {
  /** Bytes of a file. @throws Error when no asset has this bucket and key, or it is a folder */
  read(bucket: string, key: string): Buffer;
  /** Path of a folder that would be uploaded as zip. @throws Error when there is none */
  folder(bucket: string, key: string): string;
  all(): Asset[];
}

/** @param assets of all stacks */
export function createAssets(assets: Asset[]): Assets {
  function find(bucket: string, key: string, packaging: Asset['packaging']): Asset {
    const asset = assets.find((candidate) => candidate.bucket === bucket && candidate.key === key);
    if (!asset) throw new Error(`s3://${bucket}/${key} is not among the assembly's assets`);
    if (asset.packaging !== packaging) throw new Error(`The asset ${asset.path} is a ${asset.packaging}, not a ${packaging}`);
    return asset;
  }
  return {
    read: (bucket, key) => readFileSync(find(bucket, key, 'file').path),
    folder: (bucket, key) => find(bucket, key, 'zip').path,
    all: () => assets,
  };
}
