// Every filter by name. A row is all it takes to add one: name, parameters, function.
#include <array>

#include "text/chat_templates/filters.h"

namespace adze::text::jinja {

namespace {

constexpr std::array<Builtin, 51> kFilters = {{
    {"abs", "x", filter::absolute},
    {"attr", "obj name", filter::attribute},
    {"batch", "value linecount fill_with?", filter::batch},
    {"capitalize", "s", filter::capitalize},
    {"center", "value width?", filter::center},
    {"count", "obj", filter::length},
    {"d", "value default_value? boolean?", filter::default_value},
    {"default", "value default_value? boolean?", filter::default_value},
    {"dictsort", "value case_sensitive? by? reverse?", filter::dict_sort},
    {"e", "s", filter::escape},
    {"escape", "s", filter::escape},
    {"filesizeformat", "value binary?", filter::file_size},
    {"first", "seq", filter::first},
    {"float", "value default?", filter::to_float},
    {"forceescape", "value", filter::force_escape},
    {"format", "value *", filter::format},
    {"groupby", "value attribute default? case_sensitive?", filter::group_by},
    {"indent", "s width? first? blank?", filter::indent},
    {"int", "value default? base?", filter::to_integer},
    {"items", "value", filter::items},
    {"join", "value d? attribute?", filter::join},
    {"last", "seq", filter::last},
    {"length", "obj", filter::length},
    {"list", "value", filter::list},
    {"lower", "s", filter::lower},
    {"map", "value *", filter::map},
    {"max", "value case_sensitive? attribute?", filter::maximum},
    {"min", "value case_sensitive? attribute?", filter::minimum},
    {"reject", "value *", filter::reject},
    {"rejectattr", "value *", filter::reject_attribute},
    {"replace", "s old new count?", filter::replace},
    {"reverse", "value", filter::reverse},
    {"round", "value precision? method?", filter::round},
    {"safe", "value", filter::safe},
    {"select", "value *", filter::select},
    {"selectattr", "value *", filter::select_attribute},
    {"slice", "value slices fill_with?", filter::slice},
    {"sort", "value reverse? case_sensitive? attribute?", filter::sort},
    {"string", "object", filter::string},
    {"striptags", "value", filter::strip_tags},
    {"sum", "iterable attribute? start?", filter::sum},
    {"title", "s", filter::title},
    {"tojson", "x ensure_ascii? indent? separators? sort_keys?", filter::to_json},
    {"trim", "value chars?", filter::trim},
    {"truncate", "s length? killwords? end? leeway?", filter::truncate},
    {"unique", "value case_sensitive? attribute?", filter::unique},
    {"upper", "s", filter::upper},
    {"urlencode", "value", filter::url_encode},
    {"wordcount", "s", filter::word_count},
    {"wordwrap", "s width? break_long_words? wrapstring? break_on_hyphens?", filter::word_wrap},
    {"xmlattr", "d autospace?", filter::xml_attributes},
}};

}  // namespace

std::span<const Builtin> filters() { return kFilters; }

}  // namespace adze::text::jinja
