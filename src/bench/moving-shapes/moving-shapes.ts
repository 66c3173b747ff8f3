import { join } from 'node:path'
import { resourceFolder } from '../../platform/resource-folder.ts'
import { TarsierError } from '../../shared/errors.ts'

const FILE = 'annotations.jsonl'

/** Returns the annotation file of moving-shapes, which is shipped with the program. Throws `file-missing` if it was removed. */
export function movingShapesAnnotations(): string {
  const folder = resourceFolder('benchmarks/moving-shapes', FILE)
  if (!folder) {
    throw new TarsierError('file-missing', `The file ${FILE} of the benchmark moving-shapes is missing. Install Tarsier again.`)
  }
  return join(folder, FILE)
}
