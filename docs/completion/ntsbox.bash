# Completion in bash: the verbs and options that the program's own --help has, and files.
_ntsbox() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local verbs verb='' help given
    help=$("$program" --help 2> /dev/null) || return
    verbs=$(sed -n '/^Subcommands:/,/^$/ s/^  \([a-z]\+\) .*/\1/p' <<< "$help")
    for given in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if grep -qxF -e "$given" <<< "$verbs"; then verb=$given && break; fi
    done
    [ -z "$verb" ] || help+=$'\n'$("$program" "$verb" --help 2> /dev/null)

    # An option that takes a value has the value's kind behind it, in capitals.
    if [[ $before == -* ]] && grep -qE "^  $before [A-Z]{2}" <<< "$help"; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(grep -oE '^  -[^ ]+' <<< "$help" | grep -oE -e '--[a-z-]+' | sort -u)" -- "$word")
    else
        mapfile -t COMPREPLY < <([ -n "$verb" ] || compgen -W "$verbs" -- "$word"; compgen -f -- "$word")
    fi
}
complete -o filenames -F _ntsbox ntsboxd ntsbox-provision ntsbox-sim ntsbox-pps ntsbox-status ntsbox-report
