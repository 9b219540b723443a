/* SPDX-License-Identifier: Apache-2.0 */
/* `completion`: the few lines by which a shell asks this program what may stand next. */
#include "command/command.h"

/* readline cuts words at '=' and ':' where the shell does not. The directive 6 is for words that end in a
 * colon, behind which the user types on. */
static const char bash[] =
    "# bash completion of latchkey: source <(latchkey completion bash)\n"
    "_latchkey() {\n"
    "    local -a words=() lines=()\n"
    "    local word glue= last current value directive prefix= cut= line IFS=$'\\n'\n"
    "    for word in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
    "        last=$((${#words[@]} - 1))\n"
    "        if [ \"$last\" -gt 0 ] && { [[ $word == [=:]* ]] || [ -n \"$glue\" ]; }; then\n"
    "            words[last]+=$word\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "        glue=\n"
    "        [[ $word != [=:] ]] || glue=1\n"
    "    done\n"
    "    current=${words[${#words[@]}-1]}\n"
    "    lines=($(\"${words[0]/#\\~/$HOME}\" __complete \"${words[@]:1}\" 2>/dev/null)) || return\n"
    "    directive=${lines[${#lines[@]}-1]#:}\n"
    "    unset 'lines[${#lines[@]}-1]'\n"
    "    value=$current\n"
    "    [[ $current != --*=* ]] || value=${current#*=}\n"
    "    if [[ $value == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
    "        cut=${value%\"${value##*:}\"}\n"
    "    elif [[ $current == --*=* && $COMP_WORDBREAKS != *=* ]]; then\n"
    "        prefix=${current%%=*}=\n"
    "    fi\n"
    "    COMPREPLY=()\n"
    "    for line in \"${lines[@]}\"; do\n"
    "        line=${line%%$'\\t'*}\n"
    "        line=${line#\"$cut\"}\n"
    "        [ -z \"$line\" ] || printf -v line %q \"$line\"\n"
    "        COMPREPLY+=(\"$prefix$line\")\n"
    "    done\n"
    "    case $directive in\n"
    "    0) compopt -o default 2>/dev/null ;;\n"
    "    6) compopt -o nospace 2>/dev/null ;;\n"
    "    16) compopt -o dirnames 2>/dev/null ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _latchkey latchkey kubectl-oidc_login kubectl-latchkey kubelogin\n";

static const char zsh[] =
    "#compdef latchkey kubectl-oidc_login kubectl-latchkey kubelogin\n"
    "# zsh completion of latchkey: source <(latchkey completion zsh), or as _latchkey in a folder of fpath\n"
    "_latchkey() {\n"
    "    local current=${(Q)words[CURRENT]} directive line\n"
    "    local -a lines entries suffix\n"
    "    lines=(\"${(@f)$(${~words[1]} __complete \"${(@Q)words[2,CURRENT-1]}\" \"$current\" "
    "2>/dev/null)}\")\n"
    "    directive=${lines[-1]#:}\n"
    "    lines[-1]=()\n"
    "    for line in \"${lines[@]}\"; do\n"
    "        [[ -z $line ]] || entries+=(\"${${line%%$'\\t'*}//:/\\\\:}${${(M)line%$'\\t'*}/#$'\\t'/:}\")\n"
    "    done\n"
    "    [[ $current != --*=* ]] || compset -P 1 '*='\n"
    "    [[ $directive != 6 ]] || suffix=(-S '')\n"
    "    (( ! ${#entries} )) || _describe -V latchkey entries \"${suffix[@]}\"\n"
    "    case $directive in\n"
    "    0) _files ;;\n"
    "    16) _files -/ ;;\n"
    "    esac\n"
    "}\n"
    "if [[ ${funcstack[1]} == _latchkey ]]; then\n"
    "    _latchkey \"$@\"\n"
    "elif (( $+functions[compdef] )); then\n"
    "    compdef _latchkey latchkey kubectl-oidc_login kubectl-latchkey kubelogin\n"
    "fi\n";

static const char fish[] = "# fish completion of latchkey: latchkey completion fish | source\n"
                           "function __latchkey_complete\n"
                           "    set -l before (commandline -opc)\n"
                           "    set -l current (commandline -ct)\n"
                           "    set -l program (string replace -r '^~' -- $HOME $before[1])\n"
                           "    set -l lines ($program __complete $before[2..-1] \"$current\" 2>/dev/null)\n"
                           "    test (count $lines) -gt 0; or return\n"
                           "    set -l directive $lines[-1]\n"
                           "    set -e lines[-1]\n"
                           "    set -l prefix ''\n"
                           "    set -l value \"$current\"\n"
                           "    if string match -qr -- '^--[^=]*=' \"$current\"\n"
                           "        set prefix (string replace -r '=.*' '=' -- \"$current\")\n"
                           "        set value (string replace -r '^[^=]*=' '' -- \"$current\")\n"
                           "    end\n"
                           "    set -l open (string match -- '*:' \"$current\")\n"
                           "    for line in $lines\n"
                           "        test \"$prefix$line\" = \"$open\"; or echo -- $prefix$line\n"
                           "    end\n"
                           "    switch $directive\n"
                           "        case ':0'\n"
                           "            for path in (__fish_complete_path \"$value\")\n"
                           "                echo -- $prefix$path\n"
                           "            end\n"
                           "        case ':16'\n"
                           "            for path in (__fish_complete_directories \"$value\")\n"
                           "                echo -- $prefix$path\n"
                           "            end\n"
                           "    end\n"
                           "end\n"
                           "for name in latchkey kubectl-oidc_login kubectl-latchkey kubelogin\n"
                           "    complete -c $name -f -a '(__latchkey_complete)'\n"
                           "end\n";

bool command_completion(const struct command_input *input, struct buffer *out, struct error *err)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < array_length(scripts); i++) {
        if (text_equal(input->topic, scripts[i].shell)) {
            buffer_add(out, scripts[i].script);
            return true;
        }
    }
    if (input->topic == NULL)
        error_set(err, ERROR_CONFIG, "the shell is missing");
    else
        error_set(err, ERROR_CONFIG, "there is no completion for the shell '%s'", safe(input->topic));
    return error_hint(err, "'%s completion bash', zsh or fish prints what your shell has to read",
                      input->program);
}
