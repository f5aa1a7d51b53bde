<?xml version="1.0" encoding="UTF-8"?>
<!-- One house of 10 m x 8 m x 6 m with the Energy ADE 1.0, written for these tests. -->
<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:bldg="http://www.opengis.net/citygml/building/2.0"
  xmlns:energy="http://www.sig3d.org/citygml/2.0/energy/1.0" xmlns:gml="http://www.opengis.net/gml"
  xmlns:xlink="http://www.w3.org/1999/xlink">
  <gml:boundedBy>
    <gml:Envelope srsName="EPSG:25832" srsDimension="3">
      <gml:lowerCorner>0 0 0</gml:lowerCorner>
      <gml:upperCorner>10 8 6</gml:upperCorner>
    </gml:Envelope>
  </gml:boundedBy>
  <core:cityObjectMember>
    <bldg:Building gml:id="house">
      <bldg:function>1000</bldg:function>
      <bldg:yearOfConstruction>1965</bldg:yearOfConstruction>
      <bldg:storeysAboveGround>2</bldg:storeysAboveGround>
      <bldg:boundedBy>
        <bldg:WallSurface gml:id="south">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>0 0 0 10 0 0 10 0 6 0 0 6 0 0 0</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:WallSurface>
      </bldg:boundedBy>
      <bldg:boundedBy>
        <bldg:WallSurface gml:id="north">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>10 8 0 0 8 0 0 8 6 10 8 6 10 8 0</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:WallSurface>
      </bldg:boundedBy>
      <bldg:boundedBy>
        <bldg:WallSurface gml:id="east">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>10 0 0 10 8 0 10 8 6 10 0 6 10 0 0</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:WallSurface>
      </bldg:boundedBy>
      <bldg:boundedBy>
        <bldg:WallSurface gml:id="west">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>0 8 0 0 0 0 0 0 6 0 8 6 0 8 0</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:WallSurface>
      </bldg:boundedBy>
      <bldg:boundedBy>
        <bldg:RoofSurface gml:id="roof">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>0 0 6 10 0 6 10 8 6 0 8 6 0 0 6</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:RoofSurface>
      </bldg:boundedBy>
      <bldg:boundedBy>
        <bldg:GroundSurface gml:id="ground">
          <bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>0 0 0 0 8 0 10 8 0 10 0 0 0 0 0</gml:posList>
          </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface>
        </bldg:GroundSurface>
      </bldg:boundedBy>
      <energy:constructionWeight>heavy</energy:constructionWeight>
      <energy:volume>
        <energy:VolumeType><energy:type>grossVolume</energy:type><energy:value uom="m3">480</energy:value></energy:VolumeType>
      </energy:volume>
      <energy:floorArea>
        <energy:FloorArea><energy:type>grossFloorArea</energy:type><energy:value uom="m2">160</energy:value></energy:FloorArea>
      </energy:floorArea>
      <energy:thermalZone>
        <energy:ThermalZone gml:id="zone">
          <energy:contains xlink:href="#usage"/>
          <energy:floorArea>
            <energy:FloorArea><energy:type>netFloorArea</energy:type><energy:value uom="m2">130</energy:value></energy:FloorArea>
          </energy:floorArea>
          <energy:floorArea>
            <energy:FloorArea><energy:type>energyReferenceArea</energy:type><energy:value uom="m2">125</energy:value></energy:FloorArea>
          </energy:floorArea>
          <energy:additionalThermalBridgeUValue uom="W/(m^2*K)">0.05</energy:additionalThermalBridgeUValue>
          <energy:effectiveThermalCapacity uom="kJ/K">31250</energy:effectiveThermalCapacity>
          <energy:infiltrationRate uom="1/h">0.28</energy:infiltrationRate>
          <energy:isCooled>false</energy:isCooled>
          <energy:isHeated>true</energy:isHeated>
          <energy:boundedBy>
            <energy:ThermalBoundary gml:id="wall-south">
              <energy:thermalBoundaryType>outerWall</energy:thermalBoundaryType>
              <energy:azimuth uom="deg">180</energy:azimuth>
              <energy:inclination uom="deg">90</energy:inclination>
              <energy:area uom="m2">60</energy:area>
              <energy:construction xlink:href="#layered"/>
              <energy:contains>
                <energy:ThermalOpening gml:id="window">
                  <energy:area uom="m2">15</energy:area>
                  <energy:construction xlink:href="#glazing"/>
                </energy:ThermalOpening>
              </energy:contains>
              <energy:delimits xlink:href="#zone"/>
              <energy:relatesTo xlink:href="#south"/>
            </energy:ThermalBoundary>
          </energy:boundedBy>
          <energy:boundedBy>
            <energy:ThermalBoundary gml:id="wall-north">
              <energy:thermalBoundaryType>outerWall</energy:thermalBoundaryType>
              <energy:azimuth uom="deg">0</energy:azimuth>
              <energy:inclination uom="deg">90</energy:inclination>
              <energy:area uom="m2">60</energy:area>
              <energy:construction xlink:href="#plain"/>
              <energy:delimits xlink:href="#zone"/>
              <energy:relatesTo xlink:href="#north"/>
            </energy:ThermalBoundary>
          </energy:boundedBy>
          <energy:boundedBy>
            <energy:ThermalBoundary gml:id="wall-shared">
              <energy:thermalBoundaryType>sharedWall</energy:thermalBoundaryType>
              <energy:area uom="m2">48</energy:area>
              <energy:construction xlink:href="#glazing"/>
              <energy:delimits xlink:href="#zone"/>
              <energy:delimits xlink:href="#zone-next-door"/>
            </energy:ThermalBoundary>
          </energy:boundedBy>
          <energy:boundedBy>
            <energy:ThermalBoundary gml:id="slab">
              <energy:thermalBoundaryType>groundSlab</energy:thermalBoundaryType>
              <energy:azimuth uom="deg">-1</energy:azimuth>
              <energy:inclination uom="deg">180</energy:inclination>
              <energy:area uom="m2">80</energy:area>
              <energy:construction xlink:href="#turned"/>
              <energy:delimits xlink:href="#zone"/>
            </energy:ThermalBoundary>
          </energy:boundedBy>
        </energy:ThermalZone>
      </energy:thermalZone>
      <energy:usageZone>
        <energy:UsageZone gml:id="usage">
          <energy:heatingSchedule>
            <energy:DailyPatternSchedule gml:id="heating">
              <energy:periodOfYear>
                <energy:PeriodOfYear>
                  <energy:period>
                    <gml:TimePeriod>
                      <gml:beginPosition>2022-01-01</gml:beginPosition>
                      <gml:endPosition>2022-12-31</gml:endPosition>
                    </gml:TimePeriod>
                  </energy:period>
                  <energy:dailySchedule>
                    <energy:DailySchedule>
                      <energy:dayType>weekDay</energy:dayType>
                      <energy:schedule>
                        <energy:RegularTimeSeries gml:id="heating-weekday">
                          <energy:variableProperties>
                            <energy:TimeValuesProperties>
                              <energy:acquisitionMethod>estimation</energy:acquisitionMethod>
                              <energy:interpolationType>averageInSucceedingInterval</energy:interpolationType>
                            </energy:TimeValuesProperties>
                          </energy:variableProperties>
                          <energy:temporalExtent>
                            <gml:TimePeriod>
                              <gml:beginPosition>00:00:00</gml:beginPosition>
                              <gml:endPosition>23:00:00</gml:endPosition>
                            </gml:TimePeriod>
                          </energy:temporalExtent>
                          <energy:timeInterval unit="hour">1</energy:timeInterval>
                          <energy:values uom="C">17 17 17 17 17 17 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 21 17 17</energy:values>
                        </energy:RegularTimeSeries>
                      </energy:schedule>
                    </energy:DailySchedule>
                  </energy:dailySchedule>
                </energy:PeriodOfYear>
              </energy:periodOfYear>
            </energy:DailyPatternSchedule>
          </energy:heatingSchedule>
          <energy:usageZoneType>residential</energy:usageZoneType>
          <energy:usedFloors>2</energy:usedFloors>
          <energy:averageInternalGains>
            <energy:HeatExchangeType>
              <energy:convectiveFraction uom="ratio">0.6</energy:convectiveFraction>
              <energy:totalValue uom="W/m2">2.5</energy:totalValue>
            </energy:HeatExchangeType>
          </energy:averageInternalGains>
          <energy:occupiedBy>
            <energy:Occupants gml:id="people">
              <energy:numberOfOccupants>5</energy:numberOfOccupants>
              <energy:occupancyRate>
                <energy:ConstantValueSchedule gml:id="presence">
                  <energy:averageValue uom="ratio">0.7</energy:averageValue>
                </energy:ConstantValueSchedule>
              </energy:occupancyRate>
            </energy:Occupants>
          </energy:occupiedBy>
          <energy:contains><energy:BuildingUnit gml:id="flat-1"/></energy:contains>
          <energy:contains><energy:BuildingUnit gml:id="flat-2"/></energy:contains>
          <energy:equippedWith>
            <energy:LightingFacilities gml:id="lights"><energy:electricalPower uom="W">600</energy:electricalPower></energy:LightingFacilities>
          </energy:equippedWith>
        </energy:UsageZone>
      </energy:usageZone>
      <energy:demands>
        <energy:EnergyDemand gml:id="heat-demand">
          <energy:energyAmount>
            <energy:IrregularTimeSeries gml:id="heat-demand-series">
              <energy:uom uom="kW"/>
              <energy:contains><energy:MeasurementPoint><energy:time>2022-01-01T00:00:00Z</energy:time><energy:value uom="kW">2</energy:value></energy:MeasurementPoint></energy:contains>
              <energy:contains><energy:MeasurementPoint><energy:time>2022-01-01T03:00:00Z</energy:time><energy:value uom="kW">8</energy:value></energy:MeasurementPoint></energy:contains>
              <energy:contains><energy:MeasurementPoint><energy:time>2022-01-01T04:00:00Z</energy:time><energy:value uom="kW">8</energy:value></energy:MeasurementPoint></energy:contains>
            </energy:IrregularTimeSeries>
          </energy:energyAmount>
          <energy:endUse>spaceHeating</energy:endUse>
          <energy:energyCarrierType>naturalGas</energy:energyCarrierType>
          <energy:maximumLoad uom="kW">9</energy:maximumLoad>
        </energy:EnergyDemand>
      </energy:demands>
    </bldg:Building>
  </core:cityObjectMember>
  <gml:featureMember>
    <!-- brick wall insulated outside: 15 mm plaster, 240 mm brick, 100 mm insulation -->
    <energy:Construction gml:id="layered">
      <gml:name>insulated wall</gml:name>
      <energy:layer><energy:Layer gml:id="layer-1"><energy:layerComponent><energy:LayerComponent gml:id="piece-1">
        <energy:areaFraction uom="ratio">1</energy:areaFraction><energy:thickness uom="mm">15</energy:thickness>
        <energy:material xlink:href="#plaster"/>
      </energy:LayerComponent></energy:layerComponent></energy:Layer></energy:layer>
      <energy:layer><energy:Layer gml:id="layer-2"><energy:layerComponent><energy:LayerComponent gml:id="piece-2">
        <energy:areaFraction uom="ratio">1</energy:areaFraction><energy:thickness uom="cm">24</energy:thickness>
        <energy:material><energy:SolidMaterial gml:id="brick">
          <gml:name>brick</gml:name>
          <energy:conductivity uom="W/(K*m)">0.81</energy:conductivity><energy:density uom="kg/m^3">1800</energy:density>
          <energy:specificHeat uom="kJ/(kg*K)">1</energy:specificHeat>
        </energy:SolidMaterial></energy:material>
      </energy:LayerComponent></energy:layerComponent></energy:Layer></energy:layer>
      <energy:layer><energy:Layer gml:id="layer-3"><energy:layerComponent><energy:LayerComponent gml:id="piece-3">
        <energy:areaFraction uom="ratio">1</energy:areaFraction><energy:thickness uom="m">0.1</energy:thickness>
        <energy:material><energy:SolidMaterial gml:id="wool">
          <energy:conductivity uom="W/m/K">0.04</energy:conductivity><energy:density uom="kg/m3">30</energy:density>
          <energy:specificHeat uom="J/(kg*K)">1030</energy:specificHeat>
        </energy:SolidMaterial></energy:material>
      </energy:LayerComponent></energy:layerComponent></energy:Layer></energy:layer>
    </energy:Construction>
  </gml:featureMember>
  <gml:featureMember>
    <energy:Construction gml:id="plain"><energy:uValue uom="W/(K*m^2)">1.2</energy:uValue></energy:Construction>
  </gml:featureMember>
  <gml:featureMember>
    <energy:ConstructionOrientation gml:id="turned">
      <energy:orientation>false</energy:orientation>
      <energy:baseConstruction xlink:href="#plain"/>
    </energy:ConstructionOrientation>
  </gml:featureMember>
  <gml:featureMember>
    <energy:Construction gml:id="glazing">
      <energy:uValue uom="W/(K*m^2)">2.7</energy:uValue>
      <energy:opticalProperties><energy:OpticalProperties>
        <energy:transmittance><energy:Transmittance><energy:fraction uom="ratio">0.6</energy:fraction><energy:wavelengthRange>solar</energy:wavelengthRange></energy:Transmittance></energy:transmittance>
        <energy:transmittance><energy:Transmittance><energy:fraction uom="ratio">0.75</energy:fraction><energy:wavelengthRange>total</energy:wavelengthRange></energy:Transmittance></energy:transmittance>
        <energy:glazingRatio uom="ratio">0.7</energy:glazingRatio>
      </energy:OpticalProperties></energy:opticalProperties>
    </energy:Construction>
  </gml:featureMember>
  <gml:featureMember>
    <energy:SolidMaterial gml:id="plaster">
      <energy:conductivity uom="W/(K*m)">0.7</energy:conductivity><energy:density uom="kg/m3">1400</energy:density>
      <energy:specificHeat uom="J/(kg*K)">1000</energy:specificHeat>
    </energy:SolidMaterial>
  </gml:featureMember>
</core:CityModel>
