import { type ReactNode, useState } from 'react'
import type { CatalogueModel } from '../../../shared/contract/models.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

interface DownloadButtonProps {
  readonly model: CatalogueModel
  readonly size?: 'small'
  /** Why nothing can be downloaded now; null if it can. */
  readonly why?: string | null
  readonly children: ReactNode
  readonly onDownload: () => void
}

/** Starts a download. A licence that forbids commercial use has to be confirmed first. */
export function DownloadButton({ model, size, why = null, children, onDownload }: DownloadButtonProps) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      <Button {...(size && { size })} variant="primary" why={why} onClick={() => (model.nonCommercial ? setAsking(true) : onDownload())}>
        {children}
      </Button>
      {asking && <LicenceQuestion model={model} onClose={() => setAsking(false)} onDownload={onDownload} />}
    </>
  )
}

function LicenceQuestion({
  model,
  onClose,
  onDownload,
}: Pick<DownloadButtonProps, 'model' | 'onDownload'> & { readonly onClose: () => void }) {
  const accept = () => {
    onClose()
    onDownload()
  }
  const actions = (
    <>
      <Button onClick={onClose}>{t('Cancel')}</Button>
      <Button variant="primary" onClick={accept}>
        {t('Download for non-commercial use')}
      </Button>
    </>
  )
  return (
    <Dialog title={t('Licence of {name}', { name: model.title })} onClose={onClose} actions={actions}>
      <div className="space-y-2">
        <p>{translate(model.licence)}</p>
        {model.licenceNote !== null && <p className="text-quiet">{translate(model.licenceNote)}</p>}
        <p className="text-quiet">{t('This model must not be used commercially.')}</p>
      </div>
    </Dialog>
  )
}
