#compdef portcullis
# zsh runs the completion of bash.
autoload -U +X bashcompinit && bashcompinit
source /usr/share/bash-completion/completions/portcullis
unalias compopt 2> /dev/null
_bash_complete -o default -F _complete_portcullis
