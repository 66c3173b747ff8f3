; The app in Windows' "Open with" for the clips it takes. It never becomes the default program, for which a value of the
; extension's own key would be written.

!define OPEN_WITH "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}"

!macro forEachClip DO
  !insertmacro ${DO} "mp4"
  !insertmacro ${DO} "m4v"
  !insertmacro ${DO} "mov"
  !insertmacro ${DO} "mkv"
  !insertmacro ${DO} "webm"
  !insertmacro ${DO} "avi"
  !insertmacro ${DO} "wmv"
  !insertmacro ${DO} "gif"
!macroend

!macro offer EXT
  WriteRegStr SHELL_CONTEXT "${OPEN_WITH}\SupportedTypes" ".${EXT}" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\.${EXT}\OpenWithList\${APP_EXECUTABLE_FILENAME}" "" ""
!macroend

!macro withdraw EXT
  DeleteRegKey SHELL_CONTEXT "Software\Classes\.${EXT}\OpenWithList\${APP_EXECUTABLE_FILENAME}"
!macroend

!macro customInstall
  WriteRegStr SHELL_CONTEXT "${OPEN_WITH}" "FriendlyAppName" "${PRODUCT_NAME}"
  WriteRegStr SHELL_CONTEXT "${OPEN_WITH}\shell\open\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'
  !insertmacro forEachClip offer
!macroend

!macro customUnInstall
  !insertmacro forEachClip withdraw
  DeleteRegKey SHELL_CONTEXT "${OPEN_WITH}"
!macroend
