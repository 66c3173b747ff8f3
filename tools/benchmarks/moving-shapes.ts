/** Regenerates the annotations of moving-shapes, which only change with the generator. `npx tsx tools/benchmarks/moving-shapes.ts` */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { annotateMovingShapes } from '../../src/bench/moving-shapes/annotate.ts'

const file = fileURLToPath(new URL('../../resources/benchmarks/moving-shapes/annotations.jsonl', import.meta.url))
await writeFile(
  file,
  annotateMovingShapes()
    .map((line) => `${line}\n`)
    .join(''),
)
