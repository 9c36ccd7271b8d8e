# What every script shares. GPU_SIZING_ROOT is a folder that stands for / in tests.
R=${GPU_SIZING_ROOT:-}
PATH=$PATH:/opt/amazon/efa/bin
export AWS_MAX_ATTEMPTS=5
# shellcheck source=/dev/null
. "$R/etc/gpu-sizing/node.env"
RUN=$R/run/gpu-sizing
# shellcheck disable=SC2034
DATA=$R/var/lib/gpu-sizing/data
mkdir -p "$RUN"
chmod 700 "$RUN"

say() {
  echo "$*"
  echo "gpu-sizing: $*" 2>/dev/null >>"$R/dev/console" || true
}

# What the node is doing, in its SSM parameter. Never ends a script.
status() {
  [ "$(cat "$RUN/status" 2>/dev/null)" != "$1" ] || return 0
  echo "status: $1"
  echo "$1" >"$RUN/status"
  aws ssm put-parameter --region "$REGION" --name "$STATUS_PARAMETER" --type String --overwrite \
    --value "$1" --cli-connect-timeout 5 --cli-read-timeout 10 >/dev/null || true
}

fail() {
  say "failed: $*"
  status "failed: $*"
  exit 1
}

secret() {
  aws secretsmanager get-secret-value --region "$REGION" --secret-id "$1" \
    --query SecretString --output text
}

# A file that only root reads, on tmpfs: NAME=value of a secret, or nothing.
secret_file() {
  local value=
  [ -z "$3" ] || value=$(secret "$3") || return 1
  (umask 077 && printf '%s' "${value:+$2=$value}" >"$1")
}

pull() {
  local host=${IMAGE%%/*}
  docker image inspect "$IMAGE" >/dev/null 2>&1 && return
  case $host in
    *.dkr.ecr.*)
      aws ecr get-login-password --region "$(echo "$host" | cut -d. -f4)" |
        docker login --username AWS --password-stdin "$host" >/dev/null || return 1
      ;;
  esac
  docker pull -q "$IMAGE"
}
