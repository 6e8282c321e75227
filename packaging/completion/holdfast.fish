# fish completion for holdfast(1)

function __holdfast_names
    for socket in /run/holdfast/*/control.sock
        string replace -r '^/run/holdfast/(.*)/control.sock$' '$1' $socket
    end
end

function __holdfast_configs
    for config in /etc/holdfast/*.toml
        string replace -r '^/etc/holdfast/(.*)\.toml$' '$1' $config
    end
end

set -l commands init doctor status upgrade commit rollback reexec drain stop events history reap adopt-listener version help
complete -c holdfast -f
complete -c holdfast -s n -l name -x -a '(__holdfast_names)' -d 'The instance'
complete -c holdfast -l socket -r -F -d 'Its control socket'
complete -c holdfast -s h -l help -d 'What there is'
complete -c holdfast -s V -l version -d 'The version'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a init -d 'Write config and socket unit of a new instance'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a doctor -d 'Check unit, config and machine before it hurts'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a status -d 'What runs: generations, workers, listeners'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a upgrade -d 'Start a new generation and switch over'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a commit -d 'After upgrade --hold: keep the new generation'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a rollback -d 'The same, from what ran before'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a reexec -d 'Replace the daemon; the workers stay'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a drain -d 'Drain the workers, keep the listeners'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a stop -d 'Drain the workers and end the daemon'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a events -d 'Follow what happens'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a history -d 'The generations that ran, and why they ended'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a reap -d 'For ExecStopPost='
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a adopt-listener -d 'For ExecStartPre='
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a version -d 'The version of program and daemon'
complete -c holdfast -n "not __fish_seen_subcommand_from $commands" -a help -d 'What there is'
complete -c holdfast -n '__fish_seen_subcommand_from doctor status events history' -l json -d 'For programs'
complete -c holdfast -n '__fish_seen_subcommand_from upgrade rollback reexec stop reap' -l timeout -x -d 'Wait no longer than this'
complete -c holdfast -n '__fish_seen_subcommand_from upgrade rollback reexec stop' -l no-wait -d 'Do not wait for the end'
complete -c holdfast -n '__fish_seen_subcommand_from upgrade' -l hold -d 'The old generation serves on until commit or rollback'
complete -c holdfast -n '__fish_seen_subcommand_from doctor' -a '(__holdfast_configs)'
complete -c holdfast -n '__fish_seen_subcommand_from init' -l listen -x -d 'Where it listens'
complete -c holdfast -n '__fish_seen_subcommand_from init' -l release -x -a '(__fish_complete_directories)' -d 'Directory of the code'
complete -c holdfast -n '__fish_seen_subcommand_from init' -l workers -x -d 'How many, or auto'
complete -c holdfast -n '__fish_seen_subcommand_from init' -l no-socket -d 'The daemon listens by itself'
