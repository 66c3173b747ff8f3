import { useId } from 'react'
import { languageChoices, languageNames, readLanguageChoice } from '../../../shared/language.ts'
import { t } from '../../../shared/text.ts'
import { chooseLanguage, chosenLanguage } from '../../lib/language.ts'
import { controlClass } from '../ui/field.tsx'

/** Language of the page, the menus and the dialogs on this device. */
export function LanguageField() {
  const id = useId()
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="text-control font-medium">
        {t('Language')}
      </label>
      <select
        id={id}
        aria-describedby={`${id}-help`}
        className={controlClass}
        value={chosenLanguage()}
        onChange={(event) => chooseLanguage(readLanguageChoice(event.target.value))}
      >
        {languageChoices.map((choice) => (
          <option key={choice} value={choice}>
            {choice === 'system' ? t('As the system') : languageNames[choice]}
          </option>
        ))}
      </select>
      <p id={`${id}-help`} className="text-note text-quiet">
        {t('Language of this page and its messages. Answers are in the language of the question, as far as the model knows it.')}
      </p>
    </div>
  )
}
