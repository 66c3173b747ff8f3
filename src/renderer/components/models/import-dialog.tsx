import { useState } from 'react'
import type { FolderKind } from '../../../shared/bridge.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../../../shared/model-manifest.ts'
import { t } from '../../../shared/text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { controlClass } from '../ui/field.tsx'

interface Folder {
  readonly handle: string
  readonly name: string
}

/** Imports a checkpoint folder of this machine as a model. Only available in the shell, because browsers cannot provide folder paths. */
export function ImportDialog({ onStarted, onClose }: { readonly onStarted: (job: string) => void; readonly onClose: () => void }) {
  const [folder, setFolder] = useState<Folder | null>(null)
  const [adapter, setAdapter] = useState<Folder | null>(null)
  const [name, setName] = useState('')
  const [language, setLanguage] = useState<LanguagePrecision>('q4_k_m')
  const [vision, setVision] = useState<VisionPrecision>('f16')
  const chooseCheckpoint = async () => {
    const chosen = await chooseFolder('checkpoint')
    if (!chosen) return
    setFolder(chosen)
    setName(chosen.name.toLowerCase())
  }
  const chooseAdapter = async () => setAdapter((await chooseFolder('adapter')) ?? adapter)
  const begin = async () => {
    if (!folder) return
    const { id } = await service.models.import({
      source: folder.handle,
      ...(adapter && { adapter: adapter.handle }),
      name,
      language,
      vision,
    })
    onClose()
    onStarted(id)
  }
  const why = !folder ? t('Choose a folder first') : name.trim() === '' ? t('Enter a name') : null
  const actions = (
    <>
      <Button onClick={onClose}>{t('Cancel')}</Button>
      <Button variant="primary" why={why} onClick={() => reportErrors(begin)}>
        {t('Import')}
      </Button>
    </>
  )
  return (
    <Dialog title={t('Import a checkpoint')} onClose={onClose} actions={actions}>
      <div className="space-y-3 text-control">
        <p className="text-quiet">{t('Choose the folder of a downloaded checkpoint. It must contain config.json and the weights.')}</p>
        <div className="flex items-center gap-2">
          <Button size="small" onClick={() => reportErrors(chooseCheckpoint)}>
            {t('Choose folder…')}
          </Button>
          <span className="truncate">{folder?.name ?? t('none selected')}</span>
        </div>
        <div className="flex items-center gap-2">
          <Button size="small" onClick={() => reportErrors(chooseAdapter)}>
            {t('Choose LoRA adapter…')}
          </Button>
          <span className="truncate">{adapter ? t('{name} will be merged', { name: adapter.name }) : t('none')}</span>
          {adapter && (
            <Button size="small" variant="quiet" onClick={() => setAdapter(null)}>
              {t('Remove')}
            </Button>
          )}
        </div>
        <label className="grid gap-1 font-medium">
          {t('Name')}
          <input className={controlClass} value={name} maxLength={128} onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="grid gap-1 font-medium">
          {t('Language precision')}
          <select
            className={controlClass}
            value={language}
            onChange={({ target }) => setLanguage(languagePrecisions.find((each) => each === target.value) ?? language)}
          >
            {languagePrecisions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label className="grid gap-1 font-medium">
          {t('Vision precision')}
          <select
            className={controlClass}
            value={vision}
            onChange={({ target }) => setVision(visionPrecisions.find((each) => each === target.value) ?? vision)}
          >
            {visionPrecisions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
    </Dialog>
  )
}

/** Returns null if the dialog was cancelled. */
async function chooseFolder(kind: FolderKind): Promise<Folder | null> {
  const [opened] = (await window.tarsier?.choose(kind)) ?? []
  if (opened?.kind === 'failed') throw TarsierError.fromData(opened.error)
  return opened?.kind === kind ? opened : null
}
