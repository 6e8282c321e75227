# bash completion for holdfast(1)

_holdfast_names() {
  local socket
  for socket in /run/holdfast/*/control.sock; do
    [ -e "$socket" ] || continue
    socket=${socket%/control.sock}
    echo "${socket##*/}"
  done
}

_holdfast_configs() {
  local config
  for config in /etc/holdfast/*.toml; do
    [ -e "$config" ] || continue
    config=${config%.toml}
    echo "${config##*/}"
  done
}

_holdfast() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="init doctor status upgrade commit rollback reexec drain stop events history reap adopt-listener version help"
  local options="--name --socket --help --version" word command=
  COMPREPLY=()
  case $previous in
    -n | --name)
      mapfile -t COMPREPLY < <(compgen -W "$(_holdfast_names)" -- "$current")
      return
      ;;
    --socket)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    doctor)
      mapfile -t COMPREPLY < <(compgen -W "--json $(_holdfast_configs)" -- "$current")
      return
      ;;
    --release)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --timeout | --listen | --workers | init | adopt-listener) return ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ " $commands " == *" $word "* ]] && command=$word
  done
  case $command in
    "")
      mapfile -t COMPREPLY < <(compgen -W "$commands $options" -- "$current")
      return
      ;;
    init) options="--listen --release --workers --no-socket --" ;;
    doctor) options="--json" ;;
    adopt-listener) options= ;;
    status | events | history) options="$options --json" ;;
    upgrade) options="$options --hold --timeout --no-wait" ;;
    rollback | reexec | stop) options="$options --timeout --no-wait" ;;
    reap) options="$options --timeout" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}

complete -F _holdfast holdfast
