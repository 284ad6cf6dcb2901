// The precompiled header of the unit tests: that of the modules, and the test framework.
#pragma once

#include "cmake/pch.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
