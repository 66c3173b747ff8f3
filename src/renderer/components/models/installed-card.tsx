import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { InstalledModel } from '../../../shared/contract/models.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useModels } from '../../stores/models.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useSettings } from '../../stores/settings.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'

export function InstalledCard({ model }: { readonly model: InstalledModel }) {
  const used = useSettings((state) => state.view?.values.model === model.name)
  const set = useSettings((state) => state.set)
  const [asking, setAsking] = useState(false)
  const remove = async () => {
    await service.models.remove({ name: model.name })
    await useModels.getState().load()
  }
  const removeWhy = model.demo
    ? t('The demo model is part of the app')
    : used
      ? t('This model is in use. Choose another model first')
      : null
  return (
    <li className={`flex flex-col gap-2 rounded-panel bg-panel p-4 shadow-panel ${used ? 'outline-2 outline-accent' : ''}`}>
      <div className="flex items-center gap-2">
        <h3 className="min-w-0 flex-1 truncate font-semibold">{model.name}</h3>
        {model.demo && <span className="rounded-full bg-accent-soft px-2 text-note text-accent">{t('demo')}</span>}
        {used && <span className="rounded-full bg-good-soft px-2 text-note text-good">{t('in use')}</span>}
      </div>
      <p className="text-control text-quiet">{translate(model.summary)}</p>
      {model.problem && <p className="text-control text-danger">{translate(model.problem)}</p>}
      <p className="text-note text-quiet">
        {[
          sizeText(model.bytes),
          model.language && t('language {precision}', { precision: model.language }),
          model.vision && t('vision {precision}', { precision: model.vision }),
          t('{tokens, plural, one {# token} other {# tokens}}', { tokens: model.context }),
          model.licence,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <div className="mt-auto flex gap-2 pt-1">
        <Button
          size="small"
          variant={used ? 'plain' : 'primary'}
          why={used ? t('This model is already in use') : model.problem && translate(model.problem)}
          onClick={() => void set({ model: model.name })}
        >
          {t('Use this model')}
        </Button>
        <Button size="small" variant="quiet" why={removeWhy} onClick={() => setAsking(true)}>
          <Trash2 size={14} aria-hidden="true" /> {t('Remove')}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t('Remove {name}?', { name: model.name })}
          verb={t('Remove')}
          onConfirm={() => reportErrors(remove)}
          onClose={() => setAsking(false)}
        >
          {t('{size} of disk space are freed. Its answers stay in the library.', { size: sizeText(model.bytes) })}
        </Confirm>
      )}
    </li>
  )
}
