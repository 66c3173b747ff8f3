import { mkdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { resolveModel } from '../../../src/engine/models/registry.ts'
import { textModelHash } from '../../../src/engine/rewriting/text-models.ts'
import { JobModels } from '../../../src/queue/job-models.ts'
import { localJob } from '../../../src/queue/new-job.ts'
import { openWork } from '../../../src/queue/open-work.ts'
import { captionShapeSchema } from '../../../src/shared/shaping/caption-shape.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const { signal } = new AbortController()
const events = { segment: 16, scenes: true, summary: true, precision: 0.25 }

it('refuses a job whose text model is another file on this machine, before anything is loaded', async () => {
  await using scratch = await ScratchFolder.make()
  const home = scratch.directory
  const shape = captionShapeSchema.parse({ rewrite: { kind: 'shorter', words: 5, model: 'small' } })
  const submitted = await textModelHash(await scratch.write('submitted.gguf', 'one file'), signal)
  const manifest = await readManifest(await resolveModel('demo', home))
  const { request, settings } = localJob(manifest, { task: 'describe', sampling: {}, shape, textModel: submitted, events })
  const job = { id: 1, name: 'captions', request, settings, tag: null, program: '1.2.3', state: 'running' } as const
  const open = () =>
    openWork(
      job,
      {
        home,
        device: 'cpu',
        untested: false,
        concurrency: null,
        servers: { baseUrls: [], model: null, perServer: null, onNotice: () => {} },
        version: '1.2.3',
        models: new JobModels(home, null),
      },
      signal,
    )

  await expect(open()).rejects.toMatchObject({ code: 'rewriter-missing' })
  await mkdir(scratch.path('text-models'))
  await scratch.write('text-models/small.gguf', 'another')
  await expect(open()).rejects.toMatchObject({
    code: 'model-mismatch',
    message: expect.stringMatching(/small\.gguf is not the file that the job "captions" was submitted with.* Copy the file of this name/),
  })
})
