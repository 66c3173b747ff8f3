import { create } from 'zustand'
import type { CatalogueForm, CatalogueModel, InstalledModel, ModelJob } from '../../shared/contract/models.ts'
import { service } from '../transport.ts'

interface ModelsState {
  readonly installed: readonly InstalledModel[]
  readonly catalogue: readonly CatalogueModel[]
  readonly jobs: readonly ModelJob[]
  readonly load: () => Promise<void>
  readonly loadCatalogue: () => Promise<void>
  /** Watches jobs until `signal` aborts, and reloads the installed models when a job ends. */
  readonly followJobs: (signal: AbortSignal) => Promise<void>
  /** Starts a job and returns its id. */
  readonly download: (model: CatalogueModel, form: CatalogueForm, name: string) => Promise<string>
}

export const useModels = create<ModelsState>((set, get) => ({
  installed: [],
  catalogue: [],
  jobs: [],
  load: async () => {
    const installed = await service.models.list()
    // Avoids recomputing everything that depends on the list.
    if (JSON.stringify(installed) !== JSON.stringify(get().installed)) set({ installed })
  },
  loadCatalogue: async () => set({ catalogue: await service.models.catalogue() }),
  followJobs: async (signal) => {
    for await (const jobs of await service.models.jobs(undefined, { signal })) {
      const over = (all: readonly ModelJob[]) => all.filter(({ state }) => state === 'done').length
      const news = over(jobs) !== over(get().jobs)
      set({ jobs })
      if (news) await get().load()
    }
  },
  download: async ({ repository }, { language, vision }, name) => {
    const job = await service.models.download({ repository, name, language, vision })
    // `followJobs` may have added the job already, with newer progress.
    if (!get().jobs.some(({ id }) => id === job.id)) set({ jobs: [...get().jobs, job] })
    return job.id
  },
}))

export function modelNamed(name: string): InstalledModel | undefined {
  return useModels.getState().installed.find((model) => model.name === name)
}
