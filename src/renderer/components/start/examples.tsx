import { useEffect, useState } from 'react'
import type { Example } from '../../../shared/examples.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { openExample } from '../../flows/open-clip.ts'
import { useExamplePictures } from '../../stores/example-pictures.ts'
import { useProblem } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Jpeg } from '../clip/jpeg.tsx'

/** Number of examples shown. */
const OFFERED = 3

/** Example clips that ship with the app; a click opens and describes one. */
export function Examples() {
  const [examples, setExamples] = useState<readonly Example[]>([])
  useEffect(() => {
    service.clips.examples().then((all) => setExamples(all.slice(0, OFFERED)), useProblem.getState().report)
  }, [])
  if (examples.length === 0) return null
  return (
    <section aria-labelledby="examples" className="space-y-2">
      <h2 id="examples" className="text-control font-medium text-quiet">
        {t('Or try an example')}
      </h2>
      <ul className="grid grid-cols-3 gap-3">
        {examples.map(({ name, title }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => void openExample(name)}
              className="flex h-full w-full flex-col overflow-hidden rounded-panel bg-panel text-left shadow-panel transition-colors hover:bg-sunk"
            >
              <ExamplePicture name={name} />
              <span className="block px-3 py-2 text-control leading-snug">{translate(title)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Thumbnail of an example. Opening the example for its thumbnail also speeds up the click that follows. */
function ExamplePicture({ name }: { readonly name: string }) {
  const jpeg = useExamplePictures((state) => state.known[name])
  const load = useExamplePictures((state) => state.load)
  useEffect(() => load(name), [load, name])
  const box = 'block aspect-video w-full bg-sunk object-cover'
  return jpeg ? <Jpeg jpeg={jpeg} label="" className={box} /> : <div className={box} />
}
