"""What a city file with energy data says of its buildings, by the Energy ADE of CityGML."""
