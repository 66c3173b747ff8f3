import { create } from 'zustand'
import { service } from '../transport.ts'

interface ExamplePicturesState {
  /** JPEG in base64 by the example's name. */
  readonly known: Readonly<Record<string, string>>
  readonly load: (name: string) => void
}

const requested = new Set<string>()

export const useExamplePictures = create<ExamplePicturesState>((set) => ({
  known: {},
  load: (name) => {
    if (requested.has(name)) return
    requested.add(name)
    const get = async () => {
      const { handle } = await service.clips.openExample({ name })
      const { jpeg } = await service.clips.thumbnail({ handle })
      if (jpeg) set(({ known }) => ({ known: { ...known, [name]: jpeg } }))
    }
    // Without its picture an example is offered all the same, and asked for again the next time.
    get().catch(() => requested.delete(name))
  },
}))
