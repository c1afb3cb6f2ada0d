# shellcheck shell=sh
# shellcheck disable=SC2154 # wl_awk_evr and wl_dir come from files before this one
# For dnf and zypper: what the whole upgrade would bring and the advisories on it, joined with what is installed, as `A` and `D` lines.
# An advisory counts for a package if it fixes a version newer than the newest installed and not newer than the one on offer, so
# that a security fix isn't lost when a later bug fix stands on top of it. The gravest kind and severity win; ids are sorted, since equal
# nodes must give equal lists. A package that becomes architecture-dependent, or stops being so, is still installed.
wl_offers() { # on offer (name arch version), advisories (id kind severity name arch version)
  awk -v have="$wl_dir/newest" -v advisories="$2" "$wl_awk_evr"'
    function sorted(list,    w, n, i, j, one) {
      n = split(list, w, ","); list = ""
      for (i = 2; i <= n; i++) { one = w[i]; for (j = i - 1; j > 0 && w[j] > one; j--) w[j + 1] = w[j]; w[j + 1] = one }
      for (i = 1; i <= n; i++) list = list (i > 1 ? "," : "") w[i]
      return list
    }
    BEGIN {
      FS = "\t"; while ((getline <have) > 0) { now[$1, $2] = $3; if ($2 == "noarch") any[$1] = $3; else if ($2 != "i686") own[$1] = $3 }
      FS = " "; split("critical important moderate low unrated", g, " "); for (i in g) grade[g[i]] = i
      split("security critical bugfix enhancement other", k, " "); for (i in k) rank[k[i]] = i
      while ((getline <advisories) > 0) {
        id[++n] = $1; kind[n] = $2; severity[n] = $3; fixed[n] = $6
        m[$4, $5] = m[$4, $5] " " n
      }
    }
    {
      key = $1 SUBSEP $2
      installed = (key in now) ? now[key] : ($1 in any) ? any[$1] : ($2 == "noarch" && ($1 in own)) ? own[$1] : ""
      if (installed == "") { print "D\t" $1 "\t" $2 "\t" $3; next }
      worst = "other"; gravest = "unrated"; ids = ""; count = split(m[key], at, " ")
      for (i = 1; i <= count; i++) {
        a = at[i]
        if (evr(fixed[a], installed) <= 0 || evr(fixed[a], $3) > 0) continue
        if (rank[kind[a]] + 0 < rank[worst] + 0) worst = kind[a]
        if (grade[severity[a]] + 0 < grade[gravest] + 0) gravest = severity[a]
        if (index("," ids ",", "," id[a] ",") == 0) ids = ids (ids == "" ? "" : ",") id[a]
      }
      ids = sorted(ids)
      print "A\t" $1 "\t" $2 "\t" $3 "\t" worst "\t" gravest "\t" (ids == "" ? "-" : ids)
    }' "$1"
}
