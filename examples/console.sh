#!/usr/bin/env bash
# Starts `rocchio serve --demo` on a free port and asks it what the web console asks. Needs curl; takes half a minute.
# Usage: examples/console.sh [--stay]: with --stay the server runs on, for a browser, until Ctrl-C.
set -euo pipefail
rocchio=${ROCCHIO:-rocchio}
said=$(mktemp)
"$rocchio" serve --demo --port 0 --no-log-requests > "$said" 2> /dev/null &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" 2> /dev/null || true; rm -f "$said"' EXIT
until grep -q listening "$said"; do
  kill -0 "$server" || { echo "the server did not start" >&2; exit 1; }
  sleep 0.2
done
url=$(awk '{ print $NF }' "$said")
until curl -s --fail "$url/readyz" > /dev/null; do sleep 0.2; done

ask() { # route, body
  echo "> $1 $2"
  curl -s --fail-with-body "$url/collections/docstrings/$1" -H 'content-type: application/json' -d "$2" | cut -c 1-400
  echo
}

echo "> the page: $(curl -s "$url/" | wc -c) bytes, with the policy"
curl -s --dump-header - --output /dev/null "$url/" | grep -i content-security-policy
ask search '{"text": "parse a date", "k": 3, "fields": ["kind"], "plan": "bm25 >> rm3 >> bm25"}'
ask facets '{"text": "parse a date", "fields": ["kind"]}'
ask refine '{"text": "parse a date", "plan": "bm25 >> rocchio >> bm25", "relevant": ["datetime.date"], "k": 3}'
ask search '{"terms": {"date": 1.0, "calendar": 0.6}, "plan": "bm25", "k": 3}'
ask experiments '{"plans": ["bm25", "dense"], "queries": {"q": "parse a date"}, "qrels": {"q": {"datetime.date": 1}}}'
ask map '{"most": 500}'
if [ "${1:-}" = --stay ]; then
  echo "open $url/ in a browser; Ctrl-C ends it"
  wait "$server"
fi
